"""How the rooms on visits find whose chart a path or a body names."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, select

from server.core.access import Actor, Permission
from server.core.errors import NotFound, refused
from server.modules.patients.paths import entry_within, found_in_scope, patient_within
from server.modules.patients.queries.people import Found, survivor_of
from server.modules.patients.service.people import PatientMerged
from server.modules.visits.models import Visit

visit_within = entry_within(Visit, "visit_id")


def chart_of(
    connection: Connection,
    actor: Actor,
    permission: Permission,
    *,
    visit_id: uuid.UUID | None,
    patient_id: uuid.UUID | None,
) -> Found:
    """Return the patient into whose chart a body writes: its own `patient_id`, or that of its visit.

    Raise `NotFound` where the permission does not reach the chart, `PatientMerged` where it reaches the chart into
    which that one was merged, and a 422 where neither is named or they differ.
    """
    if visit_id is None:
        if patient_id is None:
            raise refused("patient_id", why="Say for whom.")
        return patient_named(connection, actor, permission, patient_id)
    of_visit: uuid.UUID | None = connection.scalar(select(Visit.patient_id).where(Visit.id == visit_id))
    if of_visit is None:
        raise NotFound
    found = patient_within(connection, actor, permission, of_visit)
    if patient_id not in (None, of_visit):
        if survivor_of(connection, patient_id) == of_visit:
            raise PatientMerged
        raise refused("visit_id", why="This is another patient's visit.")
    return found


def patient_named(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID) -> Found:
    """Return the patient whom a body names: ids in bodies are not followed, so a merged one raises `PatientMerged`.

    Raise `NotFound` where the permission does not reach the chart, or that into which it was merged.
    """
    try:
        return patient_within(connection, actor, permission, patient_id)
    except NotFound:
        survivor_id = survivor_of(connection, patient_id)
        if survivor_id is None:
            raise
    found_in_scope(connection, actor, permission, survivor_id)
    raise PatientMerged
