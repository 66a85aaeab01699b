"""The blueprint of this module, and how a path below `/patients/{patient_id}` finds its patient."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint
from sqlalchemy import Connection, Row

from server.core import trail as trails
from server.core.access import Actor, Permission, Scope
from server.core.errors import NotFound
from server.core.resource import Api
from server.modules.patients.policies import CLINICAL
from server.modules.patients.queries.people import belongs_to, in_scope
from server.modules.patients.service.people import OwnRecord

blueprint = Blueprint("patients", __name__)
api = Api(blueprint)


def patient_within(
    connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID, **_path: Any
) -> Row[Any]:
    """Return the patient of the path if the permission reaches them, else raise `NotFound`.

    Clinical verbs on one's own chart are 403 `own_record`, in or out of a relation.
    """
    if permission in CLINICAL and not _is_patient(actor, permission) and belongs_to(connection, actor, patient_id):
        raise OwnRecord
    found = in_scope(connection, actor, permission, patient_id)
    if found is None:
        raise NotFound
    trails.current().about(patient_id=patient_id)
    return found


def _is_patient(actor: Actor, permission: Permission) -> bool:
    return Scope.OWN in actor.scopes(permission) and permission != "clinical:void"
