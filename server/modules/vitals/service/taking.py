"""Take vital signs, amend them and mark them as entered in error; no value is ever overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import NotFound, refused
from server.core.ids import new_id
from server.modules.patients.models import Patient
from server.modules.patients.service.chart import EnteredInError, mark_as_error as mark_entry_as_error
from server.modules.patients.service.lifetime import require_lived
from server.modules.visits.service import gate
from server.modules.visits.service.moments import require_at_visit
from server.modules.vitals.enums import Kind, MeasurementStatus
from server.modules.vitals.judging import Person
from server.modules.vitals.models import Measurement, VitalSet
from server.modules.vitals.service.measuring import (
    Value,
    bmi_of,
    columns_of,
    read_values,
    require_pulse_pressure,
)

_FINAL, _SUPERSEDED = MeasurementStatus.FINAL, MeasurementStatus.SUPERSEDED


def take(
    *,
    actor: Actor | None,
    patient_id: uuid.UUID,
    visit_id: uuid.UUID,
    measurements: Sequence[Mapping[str, Any]],
    measured_at: datetime | None = None,
    notes: str | None = None,
    id: uuid.UUID | None = None,  # noqa: A002 -- the body's word for it
) -> VitalSet:
    """Record values that were measured together, at an open visit; a BMI comes with weight and height."""
    visit = gate.pass_into(visit_id, patient_id=patient_id)
    person, at = _person(patient_id), measured_at or clock.now()
    require_lived(at, born_on=person.born_on, field="measured_at")
    require_at_visit(at, visit, field="measured_at")
    values = read_values(measurements)
    standing = {one.kind: one.value for one in values}
    require_pulse_pressure(measurements, standing)
    entry = VitalSet(
        id=id or new_id(),
        patient_id=patient_id,
        visit_id=visit_id,
        status=_FINAL,
        measured_at=at,
        notes=notes,
        recorded_by=actor.user_id if actor else None,
    )
    db.session.add(entry)
    db.session.flush()
    bmi = bmi_of(standing)
    _add(actor, entry, person, [*values, bmi] if bmi else values)
    return entry


def _person(patient_id: uuid.UUID) -> Person:
    stmt = select(Patient.date_of_birth, Patient.sex).where(Patient.id == patient_id)
    born_on, sex = db.session.execute(stmt).one()
    return Person(born_on, sex)


def _add(actor: Actor | None, entry: VitalSet, person: Person, values: Iterable[Value]) -> None:
    now = clock.now()
    db.session.add_all(
        Measurement(
            set_id=entry.id,
            patient_id=entry.patient_id,
            measured_at=entry.measured_at,
            status=_FINAL,
            recorded_by=actor.user_id if actor else None,
            recorded_at=now,
            **columns_of(value, person, entry.measured_at),
        )
        for value in values
    )
    trails.current().changed.add("measurements")
    db.session.flush()


def amend(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    entry_id: uuid.UUID,
    expected: Expected,
    measurements: Sequence[Mapping[str, Any]],
    reason: str,
) -> VitalSet:
    """Put other values in the place of those of the same kind, which stay as superseded; add what was not measured yet.

    The BMI follows. A value that is sent as it stands is left alone.
    """
    entry = _held(patient_id, entry_id)
    entry.require(expected)
    if entry.visit_id is not None:
        gate.pass_into(entry.visit_id, patient_id=patient_id)
    rows = _standing_rows(entry)
    new = [one for one in read_values(measurements) if not _stands(rows.get(one.kind), one)]
    if not new:
        raise refused("measurements", why="These values stand already.")
    standing = {kind: Decimal(str(row.value)) for kind, row in rows.items()} | {one.kind: one.value for one in new}
    require_pulse_pressure(measurements, standing)
    bmi = bmi_of(standing)
    if bmi is not None and not _stands(rows.get(Kind.BMI), bmi):
        new.append(bmi)
    for one in new:
        _supersede(actor, rows.get(one.kind), reason)
    _add(actor, entry, _person(patient_id), new)
    entry.touch()
    db.session.flush()
    return entry


def _held(patient_id: uuid.UUID, entry_id: uuid.UUID) -> VitalSet:
    """Return a set that others wait for until the unit of work ends; raise `EnteredInError` where it is closed."""
    entry = db.session.get(VitalSet, entry_id, with_for_update=True)
    if entry is None or entry.patient_id != patient_id:
        raise NotFound
    if entry.is_voided:
        raise EnteredInError
    return entry


def _standing_rows(entry: VitalSet) -> dict[Kind, Measurement]:
    stmt = select(Measurement).where(Measurement.set_id == entry.id, Measurement.status == _FINAL)
    return {Kind(row.kind): row for row in db.session.scalars(stmt)}


def _stands(row: Measurement | None, value: Value) -> bool:
    return row is not None and (row.entered_value, row.entered_unit) == (float(value.entered_value), value.entered_unit)


def _supersede(actor: Actor, row: Measurement | None, reason: str) -> None:
    if row is not None:
        row.status = _SUPERSEDED
        row.superseded_at, row.superseded_by, row.superseded_reason = clock.now(), actor.user_id, reason


def mark_as_error(*, actor: Actor, patient_id: uuid.UUID, entry_id: uuid.UUID, expected: Expected, reason: str) -> None:
    """Mark a whole set as entered in error, also after its visit was closed; it leaves series, lists and summary."""
    mark_entry_as_error(
        actor=actor, model=VitalSet, patient_id=patient_id, entry_id=entry_id, expected=expected, reason=reason
    )
    db.session.execute(
        update(Measurement)
        .where(Measurement.set_id == entry_id, Measurement.status == _FINAL)
        .values(status=MeasurementStatus.ENTERED_IN_ERROR)
    )
