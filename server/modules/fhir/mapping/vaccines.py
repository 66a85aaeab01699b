"""Read immunizations."""

from __future__ import annotations

from typing import Any

from server.modules.fhir.mapping.reading import (
    Mapped,
    NotPlaced,
    checked,
    codings_of,
    day_of,
    display_of,
    first_of,
    notes_of,
    objects_of,
    part_of,
    schema_of,
    status_of,
    text_of,
)
from server.modules.fhir.models import Reason
from server.modules.vaccines.catalogue import NOTHING_GIVEN, SYSTEM, entries
from server.modules.vaccines.enums import VaccineStatus
from server.modules.vaccines.schemas import VaccineIn

# FHIR R4, Immunization.status; `urn:oid:` is how HL7 v3 names CVX.
_STATUSES = {"completed": VaccineStatus.COMPLETED, "not-done": VaccineStatus.NOT_DONE}
_SYSTEMS = {SYSTEM, "urn:oid:2.16.840.1.113883.12.292"}
_NO_REASON = "Not said where it was imported from."
_FIELDS = (
    *("vaccine_code", "name", "status", "not_done_reason", "administered_on", "dose_number", "lot_number"),
    *("lot_expires_on", "manufacturer", "site", "route", "notes"),
)


def read_immunization(resource: dict[str, Any]) -> Mapped:
    """Return the fields of an Immunization that is coded in CVX; whether it counts is judged by the schedule."""
    status = status_of(resource, _STATUSES)
    code = _code(resource, status)
    left_out: list[str] = []
    given_on = day_of(resource.get("occurrenceDateTime"), "administered_on", left_out)
    if given_on is None:
        raise NotPlaced(Reason.INVALID, left_out[0] if left_out else "administered_on: missing")
    expires_on = day_of(resource.get("expirationDate"), "lot_expires_on", left_out)
    raw = {
        "vaccine_code": code,
        "name": display_of(resource.get("vaccineCode")),
        "status": status,
        "administered_on": given_on.isoformat(),
        "dose_number": _dose_number(resource),
        "lot_number": text_of(resource.get("lotNumber")),
        "lot_expires_on": expires_on.isoformat() if expires_on else None,
        "manufacturer": text_of(part_of(resource, "manufacturer", "display")),
        "site": display_of(resource.get("site")),
        "route": display_of(resource.get("route")),
        "notes": notes_of(resource),
    }
    if status == VaccineStatus.NOT_DONE:
        raw["not_done_reason"] = display_of(resource.get("statusReason")) or _NO_REASON
    mapped = checked(schema_of(VaccineIn), raw)
    mapped.fields = {name: mapped.fields[name] for name in _FIELDS}
    mapped.fields["name"] = mapped.fields["name"] or entries()[code].name
    if status == VaccineStatus.NOT_DONE:
        mapped.fields["not_done_reason"] = mapped.fields["not_done_reason"] or _NO_REASON
    mapped.left_out += left_out
    return mapped


def _code(resource: dict[str, Any], status: str) -> str:
    """Return the CVX code, or refuse a vaccine that is coded otherwise or not on CDC's list."""
    codes = [code for system, code, _ in codings_of(resource.get("vaccineCode")) if system in _SYSTEMS]
    # CVX writes at least two digits.
    code = first_of([code.zfill(2) for code in codes])
    if code is None or code not in entries():
        raise NotPlaced(Reason.INVALID, "vaccine_code: not among CDC's CVX codes")
    if code == NOTHING_GIVEN and status == VaccineStatus.COMPLETED:
        raise NotPlaced(Reason.INVALID, "vaccine_code: says that no vaccine was given")
    return code


def _dose_number(resource: dict[str, Any]) -> int | None:
    numbers = [one.get("doseNumberPositiveInt") for one in objects_of(resource, "protocolApplied")]
    return next((one for one in numbers if isinstance(one, int) and not isinstance(one, bool)), None)
