"""Read FHIR R4 resources as our fields. What is missing or odd in a field that may be empty is left out and named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

import pycountry
from marshmallow import Schema, ValidationError

from server.core import clock
from server.core.inputs import invalid
from server.core.people import split_name
from server.core.schema import AddressIn
from server.modules.doctors.schemas.doctor import DoctorPut
from server.modules.fhir.models import Reason
from server.modules.fhir.taxonomy import CODES
from server.modules.patients.schemas.chart import ICD10CM, AllergyIn, ConditionIn
from server.modules.patients.schemas.patient import PatientPut
from server.modules.patients.schemas.sheet import IdentifierIn

SNOMED, ICD10CM_SYSTEM = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
_SHORT = {SNOMED: "snomed", ICD10CM_SYSTEM: "icd10cm", "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm"}

# HL7 v3 MaritalStatus, and UNK of v3 NullFlavor.
_MARITAL = {
    "A": "single",  # annulled: the marriage never was
    "D": "divorced",
    "I": "separated",  # interlocutory decree
    "L": "separated",
    "M": "married",
    "C": "partnered",  # common law
    "P": "married",
    "T": "partnered",
    "U": "single",
    "S": "single",
    "W": "widowed",
    "UNK": "unknown",
}
_CLASSES = {"food": "food", "medication": "drug", "biologic": "drug", "environment": "environment"}
_SEVERITIES = ("severe", "moderate", "mild")
_LASTING = {"active", "recurrence", "relapse"}
# SNOMED CT: no known allergy; no known drug, food, environmental allergy.
_NONE_KNOWN = {"716186003", "409137002", "429625007", "428607008"}
_NAME_ORDER = ("official", "usual", "", "temp", "anonymous")
_PHONE_ORDER = ("mobile", "home", "work", "", "temp")
_WORK_ORDER = ("work", "", "temp", "home", "billing")
NPI = "http://hl7.org/fhir/sid/us-npi"
_ADDRESS_ORDER = ("home", "", "temp", "work", "billing")


class NotPlaced(Exception):
    """This resource does not become anything of ours."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass
class Mapped:
    """The fields of one resource, and those that had to be left out, each with why."""

    fields: dict[str, Any]
    left_out: list[str] = field(default_factory=list)


def read_patient(resource: dict[str, Any]) -> Mapped:
    """Return the fields of a Patient."""
    names = _objects(resource, "name")
    raw = _names(names) | {
        "date_of_birth": _text(resource.get("birthDate")),
        "sex": _text(resource.get("gender")) or "unknown",
        "phone": _reach(resource, "phone"),
        "email": _reach(resource, "email"),
        "language": _language(resource),
        "marital_status": _first_of([_MARITAL.get(code) for _, code, _ in _codings(resource.get("maritalStatus"))]),
    }
    mapped = _checked(_schema(PatientPut), raw)
    address = _checked(_schema(AddressIn), _address(resource), path="address.")
    mapped.left_out += address.left_out
    given = {name: address.fields.get(name) for name in _schema(AddressIn).fields}
    mapped.fields["address"] = given if any(given.values()) else None
    mapped.fields["identifiers"] = _identifiers(resource, mapped)
    died = resource.get("deceasedDateTime")
    mapped.fields["status"] = "deceased" if died or resource.get("deceasedBoolean") is True else "active"
    mapped.fields["deceased_on"] = _day(died, "deceased_on", mapped.left_out)
    for unmapped in ("notes", "gender_identity", "occupation", "primary_doctor_id"):
        mapped.fields.pop(unmapped)
    return mapped


def _names(names: list[dict[str, Any]]) -> dict[str, str | None]:
    """Return first, middle, last, preferred and maiden name and the prefix; digits in them stay."""
    chosen = _preferred([name for name in names if name.get("use") not in ("maiden", "nickname", "old")], _NAME_ORDER)
    given = _texts(chosen.get("given"))
    family = _text(chosen.get("family"))
    if not family or not given:
        first, last = split_name((_text(chosen.get("text")) or "").strip())
        given, family = given or ([first] if first else []), family or last
    nickname = _preferred([name for name in names if name.get("use") == "nickname"], ())
    maiden = _preferred([name for name in names if name.get("use") == "maiden"], ())
    return {
        "prefix": " ".join(_texts(chosen.get("prefix"))) or None,
        "first_name": given[0] if given else None,
        "middle_name": " ".join(given[1:]) or None,
        "last_name": family or None,
        "preferred_name": _first_of(_texts(nickname.get("given"))) or _text(nickname.get("text")),
        "maiden_name": _text(maiden.get("family")) or _text(maiden.get("text")),
    }


def _reach(resource: dict[str, Any], system: str) -> str | None:
    points = [point for point in _objects(resource, "telecom") if point.get("system") == system]
    return _text(_preferred([point for point in points if point.get("use") != "old"], _PHONE_ORDER).get("value"))


def _language(resource: dict[str, Any]) -> str | None:
    spoken = _objects(resource, "communication")
    spoken.sort(key=lambda one: one.get("preferred") is not True)
    return _first_of([code for one in spoken for _, code, _ in _codings(one.get("language"))])


def _address(resource: dict[str, Any]) -> dict[str, str | None]:
    chosen = _preferred([one for one in _objects(resource, "address") if one.get("use") != "old"], _ADDRESS_ORDER)
    lines = _texts(chosen.get("line"))
    return {
        "line1": lines[0] if lines else None,
        "line2": ", ".join(lines[1:]) or None,
        "city": _text(chosen.get("city")),
        "state": _text(chosen.get("state")),
        "postal_code": _text(chosen.get("postalCode")),
        "country": _country(_text(chosen.get("country"))),
    }


@cache
def _country(name: str | None) -> str | None:
    """Return the alpha-2 code of a code or name; what nobody knows comes back as it is, and is refused later."""
    if not name:
        return None
    try:
        found: str = pycountry.countries.lookup(name).alpha_2
    except LookupError:
        return name
    return found


def _identifiers(resource: dict[str, Any], mapped: Mapped) -> list[dict[str, str]]:
    found = []
    for one in _objects(resource, "identifier"):
        kind = one.get("type")
        label = _first_of([code for _, code, _ in _codings(kind)]) or (
            _text(kind.get("text")) if isinstance(kind, dict) else None
        )
        raw = {"system": _text(one.get("system")), "value": _text(one.get("value")), "type": label}
        try:
            found.append(_schema(IdentifierIn).load({name: value for name, value in raw.items() if value}))
        except ValidationError:
            mapped.left_out.append("identifiers")
    return found


def read_practitioner(resource: dict[str, Any]) -> Mapped:
    """Return the fields of a Practitioner; the licence number is the NPI or, where there is none, the first number."""
    names = _names([name for name in _objects(resource, "name") if name.get("use") != "old"])
    numbers = [(one.get("system") == NPI, _text(one.get("value"))) for one in _objects(resource, "identifier")]
    places = [one for one in _objects(resource, "address") if one.get("use") != "old"]
    spoken = [_first_of([code for _, code, _ in _codings(one)]) for one in _objects(resource, "communication")]
    languages = [
        tag
        for tag in dict.fromkeys(spoken)
        if tag and not _schema(DoctorPut).validate({"languages": [tag]}, partial=True)
    ]
    taught = [_display(one.get("code")) for one in _objects(resource, "qualification")]
    raw = {
        "title": names["prefix"],
        "first_name": " ".join(filter(None, (names["first_name"], names["middle_name"]))) or None,
        "last_name": names["last_name"],
        "license_number": _first_of([value for _, value in sorted(numbers, key=lambda one: not one[0])]),
        "qualifications": [text for text in dict.fromkeys(taught) if text],
        "languages": languages,
        "city": _text(_preferred(places, _WORK_ORDER).get("city")),
    }
    mapped = _checked(_schema(DoctorPut), raw)
    mapped.fields = {name: mapped.fields[name] for name in raw}
    mapped.fields["status"] = "inactive" if resource.get("active") is False else "active"
    if len(languages) < len(spoken):
        mapped.left_out.append("languages: not all are language tags")
    return mapped


def require_in_force(role: dict[str, Any]) -> None:
    """Raise unless a PractitionerRole still stands: it is not said to be inactive, and its period is not over."""
    if role.get("active") is False or _is_over(_part(role, "period", "end")):
        raise NotPlaced(Reason.NOT_IN_FORCE)


def named_specialties(role: dict[str, Any]) -> list[list[str]]:
    """Return for each specialty of a PractitionerRole what it may be called here, what is surest first."""
    named = []
    for concept in _objects(role, "specialty"):
        codings = _codings(concept)
        known = [CODES[system, code] for system, code, _ in codings if (system, code) in CODES]
        words = [_text(concept.get("text")), *(display for _, _, display in codings)]
        named.append([name for name in (*known, *words, *(code for _, code, _ in codings)) if name])
    return [names for names in named if names]


def _is_over(end: Any) -> bool:
    """Whether the last day, month or year of a period has passed."""
    today = clock.today()
    if isinstance(end, str) and _PARTIAL.fullmatch(end):
        return end < today.isoformat()[: len(end)]
    last = _day(end, "period", [])
    return last is not None and last < today


def read_allergy(resource: dict[str, Any]) -> Mapped:
    """Return the fields of an AllergyIntolerance; criticality is no severity, so that may be empty."""
    _require_meant(resource)
    codings = _codings(resource.get("code"))
    if any(system == SNOMED and code in _NONE_KNOWN for system, code, _ in codings):
        raise NotPlaced(Reason.NONE_KNOWN)
    system, code, _ = codings[0] if codings else ("", "", "")
    reactions = _objects(resource, "reaction")
    severities = [one.get("severity") for one in reactions]
    raw = {
        "substance": _display(resource.get("code")),
        "class": _first_of([_CLASSES.get(kind) for kind in _texts(resource.get("category"))]),
        "reaction": _reactions(reactions),
        "severity": _first_of([name for name in _SEVERITIES if name in severities]),
        "status": "active" if _status(resource) in ("", "active") else "inactive",
        "code": {"system": _SHORT.get(system, system), "code": code} if system and code else None,
    }
    left_out: list[str] = []
    noted = _day(resource.get("recordedDate") or resource.get("onsetDateTime"), "noted_on", left_out)
    raw["noted_on"] = noted.isoformat() if noted else None
    mapped = _checked(_schema(AllergyIn), raw, optional=("severity",))
    mapped.left_out += left_out
    coded = mapped.fields.pop("code") or {"system": None, "code": None}
    mapped.fields |= {"code_system": coded["system"], "code": coded["code"]}
    mapped.fields.setdefault("severity", None)
    return mapped


def _reactions(reactions: list[dict[str, Any]]) -> str | None:
    shown = [_display(one) for reaction in reactions for one in _objects(reaction, "manifestation")]
    described = [_text(reaction.get("description")) for reaction in reactions]
    return ", ".join(dict.fromkeys(text for text in (*shown, *described) if text)) or None


def read_condition(resource: dict[str, Any]) -> Mapped:
    """Return the fields of a Condition."""
    _require_meant(resource)
    left_out: list[str] = []
    onset = _day(resource.get("onsetDateTime") or _part(resource, "onsetPeriod", "start"), "onset_on", left_out)
    ended = resource.get("abatementDateTime") or _part(resource, "abatementPeriod", "end")
    resolved = _day(ended, "resolved_on", left_out)
    status = _status(resource)
    is_active = status in _LASTING if status else ended is None
    if resolved and (is_active or (onset and resolved < onset)):
        left_out.append("resolved_on: does not go with the status or the onset")
        resolved = None
    raw = {
        "display": _display(resource.get("code")),
        "onset_on": onset.isoformat() if onset else None,
        "resolved_on": resolved.isoformat() if resolved else None,
        "status": "active" if is_active else "resolved",
    }
    mapped = _checked(_schema(ConditionIn), raw)
    mapped.left_out += left_out
    system, code = _diagnosis(resource, mapped.left_out)
    mapped.fields |= {"code_system": system, "code": code}
    return mapped


def _diagnosis(resource: dict[str, Any], left_out: list[str]) -> tuple[str | None, str | None]:
    """Return ICD-10-CM where the condition is coded so (its dot restored), else SNOMED CT."""
    codings = _codings(resource.get("code"))
    for system, code, _ in codings:
        dotted = code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"
        if system == ICD10CM_SYSTEM and re.fullmatch(ICD10CM, dotted):
            return "icd10cm", dotted
    for system, code, _ in codings:
        if system == SNOMED and re.fullmatch(r"[0-9]{6,18}", code):
            return "snomed", code
    if codings:
        left_out.append("code: neither ICD-10-CM nor SNOMED CT")
    return None, None


def _require_meant(resource: dict[str, Any]) -> None:
    """Raise unless the entry stands: neither entered in error nor ruled out."""
    for _, code, _ in _codings(resource.get("verificationStatus")):
        if code == "entered-in-error":
            raise NotPlaced(Reason.ENTERED_IN_ERROR)
        if code == "refuted":
            raise NotPlaced(Reason.REFUTED)


def _status(resource: dict[str, Any]) -> str:
    return _first_of([code for _, code, _ in _codings(resource.get("clinicalStatus"))]) or ""


def _display(concept: Any) -> str | None:
    text = _text(concept.get("text")) if isinstance(concept, dict) else None
    return text or _first_of([display for _, _, display in _codings(concept)])


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PARTIAL = re.compile(r"\d{4}(-\d\d)?", re.ASCII)


def _day(value: Any, name: str, left_out: list[str]) -> date | None:
    """Return the date of a FHIR date or instant on the clinic's wall clock; one without a day is left out."""
    if value is None:
        return None
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
        if _DATE.match(value):
            at = datetime.fromisoformat(value)
            return at.astimezone(clock.clinic_zone()).date() if at.tzinfo else at.date()
    except (ValueError, TypeError, OverflowError):
        pass
    left_out.append(f"{name}: not a whole date")
    return None


@cache
def _schema(kind: type[Schema]) -> Schema:
    return kind()


def _checked(schema: Schema, raw: dict[str, Any], *, optional: tuple[str, ...] = (), path: str = "") -> Mapped:
    """Load by the schema that people's input goes through; odd optional fields are left out and named."""
    given = {name: value for name, value in raw.items() if value is not None}
    try:
        return Mapped(schema.load(given, partial=optional))
    except ValidationError as error:
        wrong = dict(invalid(error).errors or {})
    required = {item.data_key or name for name, item in schema.fields.items() if item.required} - set(optional)
    said = [f"{path}{name}: {' '.join(why)}" for name, why in sorted(wrong.items())]
    tops = {name.partition(".")[0] for name in wrong}
    if tops & required:
        raise NotPlaced(Reason.INVALID, "; ".join(said))
    return Mapped(schema.load({n: v for n, v in given.items() if n not in tops}, partial=optional), said)


# Reading of what may have any shape


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _texts(value: Any) -> list[str]:
    return [text for text in value if _text(text)] if isinstance(value, list) else []


def _objects(parent: Any, name: str) -> list[dict[str, Any]]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _part(resource: dict[str, Any], name: str, part: str) -> Any:
    found = resource.get(name)
    return found.get(part) if isinstance(found, dict) else None


def _codings(concept: Any) -> list[tuple[str, str, str]]:
    """Return system, code and display of each coding."""
    return [
        (_text(one.get("system")) or "", _text(one.get("code")) or "", _text(one.get("display")) or "")
        for one in _objects(concept, "coding")
    ]


def _first_of(values: list[Any]) -> str | None:
    return next((value for value in values if value), None)


def _preferred(objects: list[dict[str, Any]], order: tuple[str, ...]) -> dict[str, Any]:
    """Return the object whose `use` comes first in the order; among equals the one of the lowest rank."""
    places = {use: place for place, use in enumerate(order)}

    def key(one: dict[str, Any]) -> tuple[int, int]:
        rank = one.get("rank")
        use = one.get("use") or ""
        return places.get(use if isinstance(use, str) else "", len(order)), rank if isinstance(rank, int) else 99

    return min(objects, key=key, default={})
