"""How a path below `/patients/{patient_id}` finds its patient, in this module and in the rooms above it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import g, request
from sqlalchemy import Connection

from server.core import trail as trails
from server.core.access import Actor, Permission, Scope
from server.core.errors import NotFound
from server.core.resource import SAFE
from server.modules.patients.enums import PatientStatus
from server.modules.patients.policies import CLINICAL, Perm, may_by_glass
from server.modules.patients.queries.people import Found, belongs_to, in_scope
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
    if permission in CLINICAL and not _is_patient(actor, permission) and belongs_to(connection, actor, patient_id):
        raise OwnRecord
    found = in_scope(connection, actor, permission, patient_id)
    if found is None or found.status == PatientStatus.MERGED:
        raise NotFound
    if request.method not in SAFE:
        hold(patient_id)
    trails.current().about(patient_id=patient_id)
    if found.way.is_by_glass and request.method not in SAFE:
        only_adds = request.method == "POST" and g.declaration.status == _CREATED
        if not may_by_glass(actor, permission, only_adds=only_adds):
            raise GlassReadsAndAddsOnly
    return found


def _is_patient(actor: Actor, permission: Permission) -> bool:
    return Scope.OWN in actor.scopes(permission) and permission != Perm.VOID
