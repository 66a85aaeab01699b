"""Say which rows of an upper room's table a list may show: the patients that a permission reaches, or one of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, and_, false, literal, select, true
from sqlalchemy.sql import ColumnElement

from server.core import trail as trails
from server.core.access import Actor, Permission
from server.core.errors import NotFound
from server.modules.patients.models import Patient
from server.modules.patients.models.chart import ChartRow
from server.modules.patients.policies import as_staff, is_not_ones_own, reached_patients
from server.modules.patients.queries.people import in_scope, survivor_of


@dataclass(frozen=True, slots=True)
class Reach:
    """Which rows are shown, and which of them the actor sees as one who cares and not as a patient does.

    Both are conditions on `patients`: the statement joins it.
    """

    is_shown: ColumnElement[bool]
    is_seen_by_staff: ColumnElement[bool]

    def narrow(self, stmt: Select[Any], model: type[ChartRow]) -> Select[Any]:
        """Join the patients of the rows and keep those that are shown."""
        return stmt.join(Patient, Patient.id == model.patient_id).where(self.is_shown)


_NOBODY = Reach(false(), false())


def reach(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID | None = None) -> Reach:
    """Return which rows the permission reaches; broken glass and cards open nothing unless one patient is named."""
    if patient_id is None:
        shown = _is_among(reached_patients(actor, permission))
        if is_not_ones_own(actor, permission):
            shown = and_(shown, Patient.user_id.is_distinct_from(actor.user_id))
        return Reach(shown, as_staff(actor, permission))
    present = survivor_of(connection, patient_id) or patient_id
    found = in_scope(connection, actor, permission, present)
    trails.current().about(patient_id=present if found else None)
    if found is None or not found.way.shows_all:
        return _NOBODY
    return Reach(Patient.id == literal(present), false() if found.as_patient else true())


def _is_among(patients: Select[Any] | CompoundSelect[Any] | None) -> ColumnElement[bool]:
    """Return "is one of these"; a database may begin with a set, but not with a look at each row."""
    return true() if patients is None else Patient.id.in_(patients)


def entry_scope(model: type[ChartRow], permission: Permission) -> Callable[[Connection, Actor, uuid.UUID], None]:
    """Return what raises `NotFound` unless the permission still reaches the patient of an entry; for kept answers."""

    def require(connection: Connection, actor: Actor, entry_id: uuid.UUID) -> None:
        patient_id = connection.scalar(select(model.patient_id).where(model.id == entry_id))
        if patient_id is None or in_scope(connection, actor, permission, patient_id) is None:
            raise NotFound

    return require
