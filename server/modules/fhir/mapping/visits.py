"""Read encounters as visits."""

from __future__ import annotations

from typing import Any

from server.modules.fhir.mapping.reading import (
    SNOMED,
    Mapped,
    NotPlaced,
    checked,
    codings_of,
    happened,
    instant_of,
    objects_of,
    part_of,
    schema_of,
    status_of,
    text_of,
    words_of,
)
from server.modules.fhir.models import Reason
from server.modules.visits.enums import VisitStatus, VisitType
from server.modules.visits.schemas.visit import VisitPut

_PLANNED, _UNKNOWN = "planned", "unknown"
# FHIR R4, EncounterStatus; one of which nothing more is known has ended if it has an end.
_STATUSES = {
    _PLANNED: _PLANNED,
    _UNKNOWN: _UNKNOWN,
    "arrived": VisitStatus.OPEN,
    "triaged": VisitStatus.OPEN,
    "in-progress": VisitStatus.OPEN,
    "onleave": VisitStatus.OPEN,
    "finished": VisitStatus.COMPLETED,
    "cancelled": VisitStatus.CANCELLED,
}
# HL7 v3 ActEncounterCode; what is neither this nor one of the types below is a consultation.
_CLASSES = {"EMER": VisitType.EMERGENCY}
# SNOMED CT.
_TYPES = {
    "50849002": VisitType.EMERGENCY,  # Emergency room admission
    "183460006": VisitType.EMERGENCY,  # Obstetric emergency hospital admission
    "183478001": VisitType.EMERGENCY,  # Emergency hospital admission for asthma
    "390906007": VisitType.FOLLOW_UP,  # Follow-up encounter
    "185389009": VisitType.FOLLOW_UP,  # Follow-up visit
    "394701000": VisitType.FOLLOW_UP,  # Asthma follow-up
    "371883000": VisitType.PROCEDURE,  # Outpatient procedure
}


def read_encounter(resource: dict[str, Any]) -> Mapped:
    """Return the fields of an Encounter that has begun."""
    status = status_of(resource, _STATUSES)
    start, end = part_of(resource, "period", "start"), part_of(resource, "period", "end")
    if status == _UNKNOWN:
        status = VisitStatus.COMPLETED if end is not None else _PLANNED
    if status == _PLANNED:
        raise NotPlaced(Reason.NOT_BEGUN)
    started_at = happened(start, "period.start")
    reasons = [*objects_of(resource, "reasonCode"), *objects_of(resource, "reasonReference")]
    mapped = checked(schema_of(VisitPut), {"chief_complaint": words_of(reasons)})
    ended_at = None if status == VisitStatus.OPEN else instant_of(end, "period.end", mapped.left_out)
    if ended_at is not None and ended_at < started_at:
        mapped.left_out.append("period.end: before the start")
        ended_at = None
    mapped.fields = {
        "status": status,
        "visit_type": _type_of(resource),
        "started_at": started_at,
        "ended_at": ended_at,
        "chief_complaint": mapped.fields["chief_complaint"],
    }
    return mapped


def _type_of(resource: dict[str, Any]) -> VisitType:
    named = _CLASSES.get(text_of(part_of(resource, "class", "code")) or "")
    codes = (code for one in objects_of(resource, "type") for system, code, _ in codings_of(one) if system == SNOMED)
    return named or next((_TYPES[code] for code in codes if code in _TYPES), VisitType.CONSULTATION)
