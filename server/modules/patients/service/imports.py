"""Rules of taking patients over from elsewhere: many at once, without a search for duplicates.

Nobody is asked `confirm_new` here: the same record from the same place is known by its key, and that two clinics know
one person is for people to find and merge. Ids that the other side gave are kept where they are free.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from server.core import clock
from server.core.columns import ANY_VERSION
from server.core.counters import next_number
from server.core.db import db
from server.core.errors import Invalid
from server.core.ids import new_id
from server.core.text import fold_key
from server.modules.patients import signals
from server.modules.patients.enums import ENTERED_IN_ERROR, AllergyStatus, PatientStatus, StopReason
from server.modules.patients.models import Allergy, AllergyStatement, Condition, MedicalHistory, Patient
from server.modules.patients.models.chart import ChartRow
from server.modules.patients.service import chart
from server.modules.patients.service.people import mrn_of, tell_corrected, write

Fields = Mapping[str, Any]

MRN_SYSTEM = "mrn"
VOID_REASON = "Entered in error where it was imported from."
_CHART_FIELDS = {
    Allergy: ("substance", "code_system", "code", "allergy_class", "reaction", "severity", "noted_on", "status"),
    Condition: ("code", "code_system", "display", "onset_on", "resolved_on", "status", "visit_id"),
}


def import_patients(rows: Sequence[Fields]) -> list[uuid.UUID]:
    """Store new patients and return their ids in the same order."""
    if not rows:
        return []
    connection = db.session.connection()
    first = next_number(connection, "patients.mrn", count=len(rows)) - len(rows) + 1
    ids = free_ids(Patient, rows)
    patients = []
    for number, patient_id, row in zip(range(first, first + len(rows)), ids, rows, strict=True):
        patient = Patient(id=patient_id, number=number, mrn=mrn_of(number))
        fields = {name: value for name, value in row.items() if name != "id"}
        # A number that turns out to be the one given here again says nothing.
        own = {"system": MRN_SYSTEM, "value": patient.mrn}
        fields["identifiers"] = [one for one in row.get("identifiers", []) if one != own]
        write(patient, fields)
        patients.append(patient)
    db.session.add_all(patients)
    db.session.flush()
    db.session.add_all(MedicalHistory(patient_id=patient_id) for patient_id in ids)
    db.session.flush()
    for patient in patients:
        signals.registered.send(patient=patient, actor=None)
    return ids


def free_ids(model: type[Any], rows: Sequence[Fields]) -> list[uuid.UUID]:
    """Return the id that each row wishes, or a new one where another row has it."""
    wanted = [row["id"] for row in rows if row.get("id")]
    taken = set(db.session.scalars(select(model.id).where(model.id.in_(wanted)))) if wanted else set()
    found = []
    for row in rows:
        wish = row.get("id")
        found.append(wish if wish and wish not in taken else new_id())
        taken.add(found[-1])
    return found


def change_imported_patient(*, patient_id: uuid.UUID, **changes: Any) -> bool:
    """Write what changed at the source; false for a patient who was merged here and whose row is closed.

    What follows from another birth date or sex, or from a death, follows as where people write it, without an actor.
    """
    patient = db.session.get_one(Patient, patient_id, with_for_update=True)
    if patient.status == PatientStatus.MERGED:
        return False
    status = changes.pop("status", None)
    if status == PatientStatus.DECEASED or (status and patient.status == PatientStatus.DECEASED):
        changes["status"] = status
    has_died = status == PatientStatus.DECEASED and patient.status != PatientStatus.DECEASED
    judged_by = patient.date_of_birth, patient.sex
    write(patient, changes)
    db.session.flush()
    tell_corrected(patient, judged_by)
    if has_died:
        signals.stopped.send(patient=patient, actor=None, reason=StopReason.DECEASED)
    return True


def import_allergies(rows: Sequence[Fields]) -> list[uuid.UUID | None]:
    """Store allergies and return their ids; None where the patient has that allergen on the list already."""
    if not rows:
        return []
    rows, patient_ids = lock_charts(rows)
    standing = select(Allergy.patient_id, Allergy.substance_key, Allergy.code_system, Allergy.code).where(
        Allergy.patient_id.in_(patient_ids), Allergy.status != AllergyStatus.ENTERED_IN_ERROR
    )
    known = {name for row in db.session.execute(standing) for name in _names_of_allergy(*row)}
    found: list[uuid.UUID | None] = []
    values = []
    for allergy_id, row in zip(free_ids(Allergy, rows), rows, strict=True):
        key = fold_key(row["substance"]) or row["substance"]
        names = _names_of_allergy(row["patient_id"], key, row.get("code_system"), row.get("code"))
        if known & names:
            found.append(None)
            continue
        known |= names
        values.append(_chart_row(Allergy, allergy_id, row) | {"substance_key": key})
        found.append(allergy_id)
    if values:
        db.session.execute(insert(Allergy.__table__), values)
        _withdraw_none_known({value["patient_id"] for value in values})
    return found


def _names_of_allergy(
    patient_id: uuid.UUID, key: str, code_system: str | None, code: str | None
) -> set[tuple[Any, ...]]:
    """Return by what an allergy is known on a patient's list: its folded substance and, where it has one, its code."""
    names: set[tuple[Any, ...]] = {(patient_id, key)}
    if code_system and code:
        names.add((patient_id, code_system, code))
    return names


def lock_charts(rows: Sequence[Fields]) -> tuple[list[Fields], list[uuid.UUID]]:
    """Have others who change these patients' lists wait; return the rows, each with who its patient is now.

    Locked in the order of ids, so that two imports cannot deadlock; again, where a merge came in between.
    """
    survivors: dict[uuid.UUID, uuid.UUID] = {}
    while True:
        present = [{**row, "patient_id": survivors.get(row["patient_id"], row["patient_id"])} for row in rows]
        patient_ids: list[uuid.UUID] = sorted({row["patient_id"] for row in present})
        locked = db.session.execute(
            select(Patient.id, Patient.merged_into_id)
            .where(Patient.id.in_(patient_ids))
            .order_by(Patient.id)
            .with_for_update()
        ).all()
        merged = {patient_id: survivor_id for patient_id, survivor_id in locked if survivor_id is not None}
        if not merged:
            return list(present), patient_ids
        survivors = {one: merged.get(other, other) for one, other in survivors.items()} | merged


def _chart_row(model: type[Allergy | Condition], entry_id: uuid.UUID, row: Fields) -> dict[str, Any]:
    now = clock.now()
    shared = {"id": entry_id, "patient_id": row["patient_id"], "created_at": now, "updated_at": now, "version": 1}
    return shared | {name: row.get(name) for name in _CHART_FIELDS[model]}


def _withdraw_none_known(patient_ids: set[uuid.UUID]) -> None:
    table = AllergyStatement.__table__
    db.session.execute(
        update(table)
        .where(table.c.patient_id.in_(patient_ids), table.c.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now())
    )


def change_imported_allergy(*, allergy_id: uuid.UUID, **changes: Any) -> bool:
    """Write what changed at the source; false where the entry is closed here or the allergen stands already."""
    allergy = db.session.get_one(Allergy, allergy_id, with_for_update=True)
    if allergy.is_voided:
        return False
    substance = changes.get("substance", allergy.substance)
    key = fold_key(substance) or substance
    code_system, code = changes.get("code_system", allergy.code_system), changes.get("code", allergy.code)
    rivals = select(Allergy.patient_id, Allergy.substance_key, Allergy.code_system, Allergy.code).where(
        Allergy.patient_id == allergy.patient_id,
        Allergy.status != AllergyStatus.ENTERED_IN_ERROR,
        Allergy.id != allergy_id,
    )
    names = _names_of_allergy(allergy.patient_id, key, code_system, code)
    if any(names & _names_of_allergy(*row) for row in db.session.execute(rivals)):
        return False
    allergy.substance_key = key
    for name, value in changes.items():
        setattr(allergy, name, value)
    db.session.flush()
    return True


def import_conditions(rows: Sequence[Fields]) -> list[uuid.UUID | None]:
    """Store conditions and return their ids."""
    if not rows:
        return []
    rows, _patient_ids = lock_charts(rows)
    ids = free_ids(Condition, rows)
    values = [_chart_row(Condition, entry_id, row) for entry_id, row in zip(ids, rows, strict=True)]
    db.session.execute(insert(Condition.__table__), values)
    return list(ids)


def change_imported_condition(*, condition_id: uuid.UUID, **changes: Any) -> bool:
    """Write what changed at the source; false where the entry here does not allow it."""
    condition = db.session.get_one(Condition, condition_id, with_for_update=True)
    if condition.is_voided:
        return False
    # The source's own visit is closed as a rule, which keeps out what people write, not what the source says of it.
    condition.visit_id = changes.pop("visit_id", condition.visit_id)
    try:
        chart.change_condition(patient_id=condition.patient_id, entry_id=condition_id, expected=ANY_VERSION, **changes)
    except Invalid:  # what people wrote here meanwhile does not go together with the source's change
        db.session.refresh(condition)
        return False
    return True


def name_visits(model: type[Any], visits: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Say of entries that came before their visit at which they were recorded, where nobody has said so meanwhile."""
    table = model.__table__
    stmt = (
        update(table)
        .where(table.c.id == bindparam("entry_id"), table.c.visit_id.is_(None))
        .values(visit_id=bindparam("named_id"), version=table.c.version + 1, updated_at=clock.now())
    )
    db.session.execute(stmt, [{"entry_id": one, "named_id": visit_id} for one, visit_id in visits.items()])


def void_imported(*, model: type[ChartRow], entry_id: uuid.UUID) -> None:
    """Mark an entry as an error, because the source did. Again, it changes nothing."""
    entry = db.session.get_one(model, entry_id, with_for_update=True)
    if not entry.is_voided:
        entry.status = ENTERED_IN_ERROR
        entry.voided_at, entry.void_reason = clock.now(), VOID_REASON
        db.session.flush()
