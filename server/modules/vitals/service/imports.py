"""Rules of taking vital signs over from elsewhere: what was measured at one time makes one set; nothing is computed."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from server.core import clock
from server.core.db import db
from server.core.ids import new_id
from server.modules.patients.models import Patient
from server.modules.patients.service.imports import VOID_REASON, lock_charts, void_imported
from server.modules.visits.enums import Source
from server.modules.visits.service.imports import keep_to_own_visits
from server.modules.vitals.enums import Kind, MeasurementStatus
from server.modules.vitals.judging import Person
from server.modules.vitals.models import Measurement, VitalSet
from server.modules.vitals.service.measuring import Value, columns_of

Fields = Mapping[str, Any]
_Moment = tuple[uuid.UUID, uuid.UUID | None, datetime]

CHANGE_REASON = "Changed where it was imported from."
_FINAL = MeasurementStatus.FINAL
_MOST = 500


@dataclass
class _Set:
    """A set on its way: what it holds, and whether it was here before."""

    id: uuid.UUID
    is_new: bool
    kinds: set[Kind] = field(default_factory=set)


def import_vitals(rows: Sequence[Fields]) -> list[uuid.UUID]:
    """Store values (`measured_at`, and `values` by kind) and return the set in which those of each row are.

    Those of one visit and instant share a set, but for a second value of a kind, which begins another.
    """
    if not rows:
        return []
    locked, patient_ids = lock_charts(rows)
    rows = keep_to_own_visits(locked)
    people = _people(patient_ids)
    sets = _sets_at({row["measured_at"] for row in rows}, patient_ids)
    ids, measurements, grown = [], [], set()
    added: list[dict[str, Any]] = []
    for row in rows:
        moment = row["patient_id"], row["visit_id"], row["measured_at"]
        held = sets.setdefault(moment, [])
        chosen = next((one for one in held if not one.kinds & row["values"].keys()), None)
        if chosen is None:
            chosen = _Set(new_id(), is_new=True)
            held.append(chosen)
            added.append(_set_row(chosen.id, *moment))
        elif not chosen.is_new:
            grown.add(chosen.id)
        chosen.kinds |= row["values"].keys()
        ids.append(chosen.id)
        values = row["values"].values()
        measurements += [_measurement(chosen.id, row, one, people[row["patient_id"]]) for one in values]
    if added:
        db.session.execute(insert(VitalSet.__table__), added)
    db.session.execute(insert(Measurement.__table__), measurements)
    _touch(grown)
    return ids


def _people(patient_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Person]:
    stmt = select(Patient.id, Patient.date_of_birth, Patient.sex).where(Patient.id.in_(patient_ids))
    return {row.id: Person(row.date_of_birth, row.sex) for row in db.session.execute(stmt)}


def _sets_at(instants: Collection[datetime], patient_ids: Sequence[uuid.UUID]) -> dict[_Moment, list[_Set]]:
    """Return the imported sets of these patients and times, to which more may belong."""
    found: dict[uuid.UUID, _Set] = {}
    sets: dict[_Moment, list[_Set]] = {}
    times = sorted(instants)
    for start in range(0, len(times), _MOST):
        stmt = (
            select(VitalSet.id, VitalSet.patient_id, VitalSet.visit_id, VitalSet.measured_at, Measurement.kind)
            .join(Measurement, Measurement.set_id == VitalSet.id)
            .where(
                VitalSet.patient_id.in_(patient_ids),
                VitalSet.measured_at.in_(times[start : start + _MOST]),
                VitalSet.source == Source.IMPORTED,
                VitalSet.status == _FINAL,
                Measurement.status == _FINAL,
            )
        )
        for row in sorted(db.session.execute(stmt), key=lambda row: row.id):
            if row.id not in found:
                found[row.id] = _Set(row.id, is_new=False)
                sets.setdefault((row.patient_id, row.visit_id, row.measured_at), []).append(found[row.id])
            found[row.id].kinds.add(Kind(row.kind))
    return sets


def _set_row(
    set_id: uuid.UUID, patient_id: uuid.UUID, visit_id: uuid.UUID | None, measured_at: datetime
) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": set_id,
        "patient_id": patient_id,
        "visit_id": visit_id,
        "measured_at": measured_at,
        "source": Source.IMPORTED,
        "status": _FINAL,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


def _measurement(set_id: uuid.UUID, row: Fields, value: Value, person: Person) -> dict[str, Any]:
    return {
        "id": new_id(),
        "set_id": set_id,
        "patient_id": row["patient_id"],
        "measured_at": row["measured_at"],
        "status": _FINAL,
        "recorded_at": clock.now(),
        **columns_of(value, person, row["measured_at"]),
    }


def _touch(set_ids: Collection[uuid.UUID]) -> None:
    if set_ids:
        table = VitalSet.__table__
        changed = {"version": table.c.version + 1, "updated_at": clock.now()}
        db.session.execute(update(table).where(table.c.id.in_(set_ids)).values(**changed))


def change_imported_vitals(*, set_id: uuid.UUID, before: Fields, **changes: Any) -> bool | uuid.UUID:
    """Write what changed at the source, the former values superseded; false where the set is closed here.

    Values of another visit or time go into another set, whose id is returned.
    """
    entry = db.session.get_one(VitalSet, set_id, with_for_update=True, populate_existing=True)
    if entry.is_voided:
        return False
    standing = {"measured_at": entry.measured_at, "visit_id": entry.visit_id, "patient_id": entry.patient_id}
    row = {**standing, **before, **changes}
    former: Mapping[Kind, Value] = before.get("values", {})
    if (row["measured_at"], row["visit_id"]) != (entry.measured_at, entry.visit_id):
        _retire(entry, former.keys(), MeasurementStatus.ENTERED_IN_ERROR)
        return import_vitals([row])[0]
    values: Mapping[Kind, Value] = row["values"]
    news = {kind: value for kind, value in values.items() if former.get(kind) != value}
    _retire(entry, former.keys() - values.keys(), MeasurementStatus.ENTERED_IN_ERROR, is_empty_an_error=not news)
    _retire(entry, news.keys(), MeasurementStatus.SUPERSEDED, is_empty_an_error=False)
    if news:
        person = _people([entry.patient_id])[entry.patient_id]
        measurements = [_measurement(set_id, row, value, person) for value in news.values()]
        db.session.execute(insert(Measurement.__table__), measurements)
    _touch([set_id])
    return True


def void_imported_vitals(set_id: uuid.UUID, before: Fields) -> None:
    """Mark values as entered in error, because the source did, and the set where nothing else stands in it."""
    entry = db.session.get_one(VitalSet, set_id, with_for_update=True, populate_existing=True)
    if not entry.is_voided:
        _retire(entry, before.get("values", {}).keys(), MeasurementStatus.ENTERED_IN_ERROR)
        _touch([set_id])


def _retire(
    entry: VitalSet, kinds: Collection[Kind], status: MeasurementStatus, *, is_empty_an_error: bool = True
) -> None:
    """Have the values of these kinds stand no longer, and say why."""
    if not kinds:
        return
    stands = (Measurement.set_id == entry.id, Measurement.status == _FINAL)
    reason = CHANGE_REASON if status == MeasurementStatus.SUPERSEDED else VOID_REASON
    said = {"status": status, "superseded_at": clock.now(), "superseded_reason": reason}
    db.session.execute(update(Measurement).where(*stands, Measurement.kind.in_(kinds)).values(**said))
    if is_empty_an_error and db.session.scalar(select(Measurement.id).where(*stands).limit(1)) is None:
        void_imported(model=VitalSet, entry_id=entry.id)
