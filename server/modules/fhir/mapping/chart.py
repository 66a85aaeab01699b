"""Read allergies and conditions."""

from __future__ import annotations

import re
from typing import Any

from server.core.codes.icd10cm import is_icd10cm
from server.modules.fhir.mapping.reading import (
    SNOMED,
    Mapped,
    NotPlaced,
    checked,
    codings_of,
    day_of,
    display_of,
    first_of,
    objects_of,
    part_of,
    schema_of,
    text_of,
    texts_of,
)
from server.modules.fhir.models import Reason
from server.modules.patients.schemas.chart import AllergyIn, ConditionIn

ICD10CM_SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"
_SHORT = {SNOMED: "snomed", ICD10CM_SYSTEM: "icd10cm", "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm"}

_CLASSES = {"food": "food", "medication": "drug", "biologic": "drug", "environment": "environment"}
_SEVERITIES = ("severe", "moderate", "mild")
_LASTING = {"active", "recurrence", "relapse"}
# SNOMED CT: no known allergy; no known drug, food, environmental allergy.
_NONE_KNOWN = {"716186003", "409137002", "429625007", "428607008"}


def read_allergy(resource: dict[str, Any]) -> Mapped:
    """Return the fields of an AllergyIntolerance; criticality is no severity, so that may be empty."""
    _require_meant(resource)
    codings = codings_of(resource.get("code"))
    if any(system == SNOMED and code in _NONE_KNOWN for system, code, _ in codings):
        raise NotPlaced(Reason.NONE_KNOWN)
    system, code, _ = codings[0] if codings else ("", "", "")
    reactions = objects_of(resource, "reaction")
    severities = [one.get("severity") for one in reactions]
    raw = {
        "substance": display_of(resource.get("code")),
        "class": first_of([_CLASSES.get(kind) for kind in texts_of(resource.get("category"))]),
        "reaction": _reactions(reactions),
        "severity": first_of([name for name in _SEVERITIES if name in severities]),
        "status": "active" if _status(resource) in ("", "active") else "inactive",
        "code": {"system": _SHORT.get(system, system), "code": code} if system and code else None,
    }
    left_out: list[str] = []
    noted = day_of(resource.get("recordedDate") or resource.get("onsetDateTime"), "noted_on", left_out)
    raw["noted_on"] = noted.isoformat() if noted else None
    mapped = checked(schema_of(AllergyIn), raw, optional=("severity",))
    mapped.left_out += left_out
    coded = mapped.fields.pop("code") or {"system": None, "code": None}
    mapped.fields |= {"code_system": coded["system"], "code": coded["code"]}
    mapped.fields.setdefault("severity", None)
    return mapped


def _reactions(reactions: list[dict[str, Any]]) -> str | None:
    shown = [display_of(one) for reaction in reactions for one in objects_of(reaction, "manifestation")]
    described = [text_of(reaction.get("description")) for reaction in reactions]
    return ", ".join(dict.fromkeys(text for text in (*shown, *described) if text)) or None


def read_condition(resource: dict[str, Any]) -> Mapped:
    """Return the fields of a Condition."""
    _require_meant(resource)
    left_out: list[str] = []
    onset = day_of(resource.get("onsetDateTime") or part_of(resource, "onsetPeriod", "start"), "onset_on", left_out)
    ended = resource.get("abatementDateTime") or part_of(resource, "abatementPeriod", "end")
    resolved = day_of(ended, "resolved_on", left_out)
    status = _status(resource)
    is_active = status in _LASTING if status else ended is None
    if resolved and (is_active or (onset and resolved < onset)):
        left_out.append("resolved_on: does not go with the status or the onset")
        resolved = None
    raw = {
        "display": display_of(resource.get("code")),
        "onset_on": onset.isoformat() if onset else None,
        "resolved_on": resolved.isoformat() if resolved else None,
        "status": "active" if is_active else "resolved",
    }
    mapped = checked(schema_of(ConditionIn), raw)
    mapped.left_out += left_out
    system, code = _diagnosis(resource, mapped.left_out)
    mapped.fields |= {"code_system": system, "code": code}
    return mapped


def _diagnosis(resource: dict[str, Any], left_out: list[str]) -> tuple[str | None, str | None]:
    """Return ICD-10-CM where the condition is coded so (its dot restored), else SNOMED CT."""
    codings = codings_of(resource.get("code"))
    for system, code, _ in codings:
        dotted = code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"
        if system == ICD10CM_SYSTEM and is_icd10cm(dotted):
            return "icd10cm", dotted
    for system, code, _ in codings:
        if system == SNOMED and re.fullmatch(r"[0-9]{6,18}", code):
            return "snomed", code
    if codings:
        left_out.append("code: neither ICD-10-CM nor SNOMED CT")
    return None, None


def _require_meant(resource: dict[str, Any]) -> None:
    """Raise unless the entry stands: neither entered in error nor ruled out."""
    for _, code, _ in codings_of(resource.get("verificationStatus")):
        if code == "entered-in-error":
            raise NotPlaced(Reason.ENTERED_IN_ERROR)
        if code == "refuted":
            raise NotPlaced(Reason.REFUTED)


def _status(resource: dict[str, Any]) -> str:
    return first_of([code for _, code, _ in codings_of(resource.get("clinicalStatus"))]) or ""
