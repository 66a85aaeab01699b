"""How a path below `/patients/{patient_id}` finds its patient, in this module and in the rooms above it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g, request
from sqlalchemy import Connection, select

from server.core import trail as trails
from server.core.access import Actor, Permission
from server.core.declare import Within
from server.core.errors import NotFound
from server.core.resource import SAFE
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models.chart import ChartRow
from server.modules.patients.policies import is_not_ones_own, may_by_glass
from server.modules.patients.queries.people import Found, belongs_to, in_scope
from server.modules.patients.queries.reach import Reach, reach
from server.modules.patients.service.people import GlassReadsAndAddsOnly, OwnRecord, hold

_CREATED = 201


def patient_within(
    connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID, **_path: Any
) -> Found:
    """Return the patient of the path if the permission reaches them, else raise `NotFound`.

    Clinical verbs on one's own chart are 403 `own_record`, in or out of a relation. Who came by broken glass reads, and
    adds with the POSTs that answer 201; any other verb is 403. A merged patient is nobody here: the path is then tried
    again with who they are now.
    """
    found = found_in_scope(connection, actor, permission, patient_id)
    if request.method not in SAFE:
        hold(patient_id)
    trails.current().about(patient_id=patient_id)
    if found.way.is_by_glass and request.method not in SAFE:
        only_adds = request.method == "POST" and g.declaration.status == _CREATED
        if not may_by_glass(actor, permission, only_adds=only_adds):
            raise GlassReadsAndAddsOnly
    return found


def found_in_scope(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID) -> Found:
    """Return the patient if the permission reaches them: what `patient_within` asks first, for slow work before it."""
    _refuse_own(connection, actor, permission, patient_id)
    found = in_scope(connection, actor, permission, patient_id)
    if found is None or found.status == PatientStatus.MERGED:
        raise NotFound
    return found


def entry_within(model: type[ChartRow], parameter: str) -> Within:
    """Return what finds the patient of the entry that `parameter` of a path names, by the rules of `patient_within`."""

    def within(connection: Connection, actor: Actor, permission: Permission, **path: Any) -> Found:
        stmt = select(model.patient_id).where(model.id == path[parameter])
        patient_id: uuid.UUID | None = connection.scalar(stmt)
        if patient_id is None:
            raise NotFound
        return patient_within(connection, actor, permission, patient_id)

    return within


def reached(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID | None = None) -> Reach:
    """Return which rows of a room's list the permission reaches, of one patient where the query names one."""
    if patient_id is not None:
        _refuse_own(connection, actor, permission, patient_id)
    return reach(connection, actor, permission, patient_id)


def _refuse_own(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID) -> None:
    if is_not_ones_own(actor, permission) and belongs_to(connection, actor, patient_id):
        raise OwnRecord
