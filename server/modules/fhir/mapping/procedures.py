"""Read procedures."""

from __future__ import annotations

import re
from typing import Any

from server.core import clock
from server.modules.fhir.mapping.reading import (
    SNOMED,
    Mapped,
    NotPlaced,
    checked,
    codings_of,
    display_of,
    instant_of,
    notes_of,
    objects_of,
    part_of,
    schema_of,
    status_of,
    words_of,
)
from server.modules.fhir.models import Reason
from server.modules.procedures.enums import ProcedureStatus
from server.modules.procedures.schemas import PerformIn, ProcedureCancelIn, ProcedureIn

_UNKNOWN = "unknown"
# FHIR R4, EventStatus; one of which nothing more is known was performed if it says when.
_STATUSES = {
    _UNKNOWN: _UNKNOWN,
    "preparation": ProcedureStatus.ORDERED,
    "in-progress": ProcedureStatus.ORDERED,
    "on-hold": ProcedureStatus.ORDERED,
    "not-done": ProcedureStatus.CANCELLED,
    "stopped": ProcedureStatus.CANCELLED,
    "completed": ProcedureStatus.PERFORMED,
}
_NO_REASON = "Not said where it was imported from."


def read_procedure(resource: dict[str, Any]) -> Mapped:
    """Return the fields of a Procedure."""
    left_out: list[str] = []
    status = status_of(resource, _STATUSES)
    begun = resource.get("performedDateTime") or part_of(resource, "performedPeriod", "start")
    at = instant_of(begun, "performed", left_out)
    if status == _UNKNOWN:
        if at is None:
            raise NotPlaced(Reason.INVALID, "status: unknown")
        status = ProcedureStatus.PERFORMED
    if at is not None and at > clock.now() and status == ProcedureStatus.PERFORMED:
        raise NotPlaced(Reason.INVALID, "performed: in the future")
    name = display_of(resource.get("code"))
    if name is None:
        raise NotPlaced(Reason.INVALID, "name: missing")
    mapped = _words(resource, name, status, left_out)
    mapped.fields |= {"status": status, "performed_at": at if status == ProcedureStatus.PERFORMED else None}
    mapped.fields |= _code(resource, mapped.left_out)
    return mapped


def _words(resource: dict[str, Any], name: str, status: str, left_out: list[str]) -> Mapped:
    """Return all that is said of a procedure in words, as people could have written it."""
    reasons = [*objects_of(resource, "reasonCode"), *objects_of(resource, "reasonReference")]
    ordered = checked(schema_of(ProcedureIn), {"name": name, "indication": words_of(reasons)})
    if ordered.fields["name"] is None:
        raise NotPlaced(Reason.INVALID, "; ".join(ordered.left_out))
    said = {
        "outcome": display_of(resource.get("outcome")),
        "notes": notes_of(resource),
        "complications": words_of(objects_of(resource, "complication")),
    }
    performed = checked(schema_of(PerformIn), said)
    fields = {one: ordered.fields[one] for one in ("name", "indication")}
    fields |= {one: performed.fields[one] for one in said} | {"cancel_reason": None}
    left_out = [*left_out, *ordered.left_out, *performed.left_out]
    if status == ProcedureStatus.CANCELLED:
        why = display_of(resource.get("statusReason")) or _NO_REASON
        cancelled = checked(schema_of(ProcedureCancelIn), {"reason": why}, optional=("reason",))
        fields["cancel_reason"] = cancelled.fields.get("reason") or _NO_REASON
    return Mapped(fields, left_out)


def _code(resource: dict[str, Any], left_out: list[str]) -> dict[str, str | None]:
    codings = codings_of(resource.get("code"))
    for system, code, _ in codings:
        if system == SNOMED and re.fullmatch(r"[0-9]{6,18}", code):
            return {"code_system": "snomed", "code": code}
    if codings:
        left_out.append("code: not SNOMED CT")
    return {"code_system": None, "code": None}
