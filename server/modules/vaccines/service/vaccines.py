"""Record what was given or was not, correct it, and mark it as entered in error."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.modules.patients.models import Patient
from server.modules.patients.service import chart
from server.modules.patients.service.chart import EnteredInError
from server.modules.vaccines.catalogue import NOTHING_GIVEN, entries
from server.modules.vaccines.enums import DoseSource, VaccineStatus
from server.modules.vaccines.models import Immunization, ImmunizationVersion
from server.modules.vaccines.service.validity import rejudge
from server.modules.visits.service.gate import Passed, pass_into
from server.modules.visits.service.moments import require_at_visit

# What a correction may change; whose it is, at which visit and by whose word stays.
_SAID = (
    *("vaccine_code", "name", "status", "not_done_reason", "administered_on", "administered_by", "dose_number"),
    *("lot_number", "lot_expires_on", "manufacturer", "site", "route", "next_due_on", "notes"),
)


class DuplicateVaccine(Conflict):
    """This vaccine stands already as given to the patient on that day; send `confirm_new` to go on."""

    code = "duplicate_vaccine"


def record(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    visit_id: uuid.UUID | None = None,
    source: str = DoseSource.CLINIC,
    confirm_new: bool = False,
    **fields: Any,
) -> Immunization:
    """Record a vaccine that was given, or was not; whether each of the patient's doses counts is judged anew.

    Whoever calls holds the patient's row, so that of two who record one dose at once the second sees the first.
    """
    visit = pass_into(visit_id, patient_id=patient_id) if visit_id else None
    dose = Immunization(patient_id=patient_id, visit_id=visit_id, source=source, recorded_by=actor.user_id)
    if fields.get("id"):
        dose.id = fields.pop("id")
    _write(dose, fields, actor, visit)
    _require_single(dose, confirm_new=confirm_new)
    db.session.add(dose)
    rejudge(patient_id)
    return dose


def change(
    *,
    actor: Actor,
    vaccine_id: uuid.UUID,
    expected: Expected,
    change_reason: str | None = None,
    confirm_new: bool = False,
    **changes: Any,
) -> Immunization:
    """Correct an entry; what it said before is kept with who corrected it, when and why."""
    dose = db.session.get(Immunization, vaccine_id, with_for_update=True)
    if dose is None:
        raise NotFound
    trails.current().about(dose.id, patient_id=dose.patient_id)
    if dose.is_voided:
        raise EnteredInError
    dose.require(expected)
    visit = pass_into(dose.visit_id, patient_id=dose.patient_id) if dose.visit_id else None
    was_given = _given(dose)
    former = ImmunizationVersion(immunization_id=dose.id, number=dose.version, said=said_of(dose))
    _write(dose, changes, actor, visit)
    if _given(dose) != was_given:
        _require_single(dose, confirm_new=confirm_new)
    if said_of(dose) != former.said:
        former.superseded_by, former.superseded_reason = actor.user_id, change_reason
        db.session.add(former)
        rejudge(dose.patient_id)
    return dose


def mark_as_error(
    *, actor: Actor, patient_id: uuid.UUID, vaccine_id: uuid.UUID, expected: Expected, reason: str
) -> None:
    """Mark an entry as entered in error; the other doses are judged without it."""
    chart.mark_as_error(
        actor=actor,
        model=Immunization,
        patient_id=patient_id,
        entry_id=vaccine_id,
        expected=expected,
        reason=reason,
    )
    rejudge(patient_id)


def said_of(dose: Immunization) -> dict[str, Any]:
    """Return what an entry says, as JSON holds it."""
    values = {name: getattr(dose, name) for name in _SAID}
    return {name: str(value) if isinstance(value, date | uuid.UUID) else value for name, value in values.items()}


def _given(dose: Immunization) -> tuple[str, date] | None:
    """Return what was given and when, or None where nothing was."""
    return (dose.vaccine_code, dose.administered_on) if dose.status == VaccineStatus.COMPLETED else None


def _require_single(dose: Immunization, *, confirm_new: bool) -> None:
    """Raise `DuplicateVaccine` where the same was given to the same patient on the same day, unless that is meant."""
    if _given(dose) is None:
        return
    same = select(Immunization.id).where(
        Immunization.patient_id == dose.patient_id,
        Immunization.vaccine_code == dose.vaccine_code,
        Immunization.administered_on == dose.administered_on,
        Immunization.status == VaccineStatus.COMPLETED,
        Immunization.id != dose.id,
    )
    with db.session.no_autoflush:
        standing = db.session.scalars(same.order_by(Immunization.id).limit(1)).first()
    if standing is None:
        return
    if not confirm_new:
        raise DuplicateVaccine(vaccine_id=str(standing))
    trails.current().note = "confirm_new"


def _write(dose: Immunization, fields: Mapping[str, Any], actor: Actor, visit: Passed | None) -> None:
    was_named = _name_of(dose.vaccine_code)
    for name, value in fields.items():
        setattr(dose, name, value)
    listed = _name_of(dose.vaccine_code)
    if listed is None:
        raise refused("vaccine_code", why="Not among CDC's CVX codes; GET /vaccines/catalog lists them.")
    # A name that came from the list goes with its code.
    if dose.name is None or (dose.name == was_named and "name" not in fields):
        dose.name = listed
    _attribute(dose, actor)
    _require_sense(dose)
    _require_plausible(dose)
    if visit is not None and dose.source == DoseSource.CLINIC:
        require_at_visit(dose.administered_on, visit, field="administered_on")


def _name_of(code: str | None) -> str | None:
    entry = entries().get(code or "")
    return entry.name if entry else None


def _attribute(dose: Immunization, actor: Actor) -> None:
    """Say who gave it: whoever first recorded that it was given here, and nobody where it was not."""
    if dose.status != VaccineStatus.COMPLETED or dose.source != DoseSource.CLINIC:
        dose.administered_by = None
    elif dose.administered_by is None:
        dose.administered_by = actor.user_id


def _require_sense(dose: Immunization) -> None:
    """Refuse what contradicts itself."""
    if dose.status == VaccineStatus.NOT_DONE:
        if dose.not_done_reason is None:
            raise refused("not_done_reason", why="Say why it was not given.")
    elif dose.not_done_reason is not None:
        raise refused("not_done_reason", why="Only what was not given has a reason for that.")
    elif dose.vaccine_code == NOTHING_GIVEN:
        raise refused("vaccine_code", why="This code says that no vaccine was given.")
    if dose.next_due_on is not None and dose.next_due_on < dose.administered_on:
        raise refused("next_due_on", why="Must not be before administered_on.")


def _require_plausible(dose: Immunization) -> None:
    """Refuse of one's own what cannot have been; by report it is kept, and judged as not valid."""
    if dose.source != DoseSource.CLINIC and dose.status == VaccineStatus.COMPLETED:
        return
    if dose.administered_on > clock.today():
        raise refused("administered_on", why="Must not be in the future.")
    patient = db.session.get_one(Patient, dose.patient_id)
    if dose.administered_on < patient.date_of_birth:
        raise refused("administered_on", why="Must not be before birth.")
    if dose.status == VaccineStatus.COMPLETED and dose.lot_expires_on and dose.lot_expires_on < dose.administered_on:
        raise refused("lot_expires_on", why="The lot had expired when it was given.")
