"""Rules of the chart's lists: allergies, the statement of none, conditions, history."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import exists, select, update

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.text import fold_key
from server.modules.patients import signals
from server.modules.patients.enums import ENTERED_IN_ERROR, AllergyStatus, ConditionStatus
from server.modules.patients.models import Allergy, AllergyStatement, Condition, MedicalHistory, Patient
from server.modules.patients.models.chart import ChartRow
from server.modules.patients.policies import voids_by_glass

M = TypeVar("M", bound=ChartRow)


class AllergiesPresent(Conflict):
    """Allergies are on the list, so none known cannot be stated."""

    code = "allergies_present"


class EnteredInError(Conflict):
    """This entry was marked as entered in error and is closed."""

    code = "entered_in_error"


def lock_chart(patient_id: uuid.UUID) -> None:
    """Have others who change this patient's lists wait until the unit of work ends."""
    db.session.execute(select(Patient.id).where(Patient.id == patient_id).with_for_update())


def add_allergy(*, actor: Actor | None, patient_id: uuid.UUID, **fields: Any) -> Allergy:
    """Put an allergy on the list; a standing statement of none known is withdrawn."""
    lock_chart(patient_id)
    allergy = Allergy(patient_id=patient_id, recorded_by=actor.user_id if actor else None)
    if fields.get("id"):
        allergy.id = fields.pop("id")
    _write_allergy(allergy, fields)
    db.session.add(allergy)
    db.session.flush()
    table = AllergyStatement.__table__
    db.session.execute(
        update(table)
        .where(table.c.patient_id == patient_id, table.c.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now())
    )
    return allergy


def _write_allergy(allergy: Allergy, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name == "code":
            allergy.code_system = value["system"] if value else None
            allergy.code = value["code"] if value else None
        else:
            setattr(allergy, name, value)
    allergy.substance_key = fold_key(allergy.substance) or allergy.substance


def change_allergy(*, patient_id: uuid.UUID, entry_id: uuid.UUID, expected: Expected, **changes: Any) -> Allergy:
    """Correct an allergy on the list."""
    allergy = _entry(Allergy, patient_id, entry_id, expected)
    code = changes.get("code")
    if code is not None and not {"system", "code"} <= code.keys():
        raise refused("code", why="Expected both system and code.")
    _write_allergy(allergy, changes)
    db.session.flush()
    return allergy


def state_none_known(*, actor: Actor, patient_id: uuid.UUID) -> AllergyStatement:
    """State that the patient knows of no allergies; impossible while the list holds one. Again, it stays as it was."""
    lock_chart(patient_id)
    if db.session.scalar(
        select(exists().where(Allergy.patient_id == patient_id, Allergy.status != AllergyStatus.ENTERED_IN_ERROR))
    ):
        raise AllergiesPresent
    standing: AllergyStatement | None = db.session.scalar(
        select(AllergyStatement).where(
            AllergyStatement.patient_id == patient_id, AllergyStatement.withdrawn_at.is_(None)
        )
    )
    if standing is not None:
        return standing
    statement = AllergyStatement(patient_id=patient_id, stated_by=actor.user_id)
    db.session.add(statement)
    db.session.flush()
    trails.current().about(statement.id)
    trails.current().changed.add("no_known_allergies")
    return statement


def add_condition(*, actor: Actor | None, patient_id: uuid.UUID, **fields: Any) -> Condition:
    """Put a condition on the list; one that names a visit is written while that is open."""
    _pass_into_visit(patient_id, fields.get("visit_id"))
    condition = Condition(patient_id=patient_id, recorded_by=actor.user_id if actor else None)
    if fields.get("id"):
        condition.id = fields.pop("id")
    _write_condition(condition, fields)
    db.session.add(condition)
    db.session.flush()
    return condition


def change_condition(*, patient_id: uuid.UUID, entry_id: uuid.UUID, expected: Expected, **changes: Any) -> Condition:
    """Correct a condition, or resolve it, which it may be long after the visit at which it was found.

    To name another visit, or none, both have to be open: a closed one keeps what was found at it.
    """
    condition = _entry(Condition, patient_id, entry_id, expected)
    if changes.get("visit_id", condition.visit_id) != condition.visit_id:
        _pass_into_visit(patient_id, condition.visit_id)
        _pass_into_visit(patient_id, changes["visit_id"])
    _write_condition(condition, changes)
    db.session.flush()
    return condition


def _pass_into_visit(patient_id: uuid.UUID, visit_id: uuid.UUID | None) -> None:
    if visit_id is not None:
        signals.writing_at_visit.send(visit_id=visit_id, patient_id=patient_id)


def _write_condition(condition: Condition, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(condition, name, value)
    if "code" in changes and "code_system" not in changes:
        condition.code_system = "icd10cm" if condition.code else None
    _require_order(condition.onset_on, condition.resolved_on)
    if condition.resolved_on is not None and condition.status == ConditionStatus.ACTIVE:
        raise refused("resolved_on", why="An active condition has not been resolved.")


def _require_order(onset: date | None, resolved: date | None) -> None:
    if onset and resolved and resolved < onset:
        raise refused("resolved_on", why="Must not be before onset_on.")


def change_history(*, patient_id: uuid.UUID, expected: Expected, **changes: Any) -> MedicalHistory:
    """Change a patient's history."""
    history = db.session.scalars(
        select(MedicalHistory)
        .where(MedicalHistory.patient_id == patient_id, MedicalHistory.superseded_at.is_(None))
        .with_for_update()
    ).one()
    history.require(expected)
    for name, value in changes.items():
        setattr(history, name, value)
    db.session.flush()
    return history


def mark_as_error(
    *,
    actor: Actor,
    model: type[ChartRow],
    patient_id: uuid.UUID,
    entry_id: uuid.UUID,
    expected: Expected,
    reason: str,
    owner_id: uuid.UUID | None = None,
) -> None:
    """Mark an entry as entered in error: it leaves the lists and stays readable by id. Again, no change.

    One's own entries (or whose `owner_id` says); through broken glass also those of others, for those who hold the
    permission so.
    """
    entry = _find(model, patient_id, entry_id)
    trails.current().about(entry.id, patient_id=patient_id)
    is_own = (owner_id or entry.recorded_by) == actor.user_id
    if not is_own and not voids_by_glass(db.session.connection(), actor, patient_id):
        raise NotFound
    if entry.is_voided:
        return
    entry.require(expected)
    entry.status = ENTERED_IN_ERROR
    entry.voided_at, entry.voided_by, entry.void_reason = clock.now(), actor.user_id, reason
    db.session.flush()


def _find(model: type[M], patient_id: uuid.UUID, entry_id: uuid.UUID) -> M:
    entry = db.session.get(model, entry_id, with_for_update=True)
    if entry is None or entry.patient_id != patient_id:
        raise NotFound
    return entry


def _entry(model: type[M], patient_id: uuid.UUID, entry_id: uuid.UUID, expected: Expected) -> M:
    entry = _find(model, patient_id, entry_id)
    if entry.is_voided:
        raise EnteredInError
    entry.require(expected)
    return entry
