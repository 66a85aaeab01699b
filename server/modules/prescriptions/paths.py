"""How the paths and bodies of this room find the chart that a prescription is in."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, select

from server.core import trail as trails
from server.core.access import Actor, Permission
from server.core.errors import Forbidden, NotFound
from server.modules.patients.paths import found_in_scope, patient_within
from server.modules.patients.queries.people import Found, in_scope, survivor_of
from server.modules.patients.service.people import PatientMerged
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.service.prescriber import permission_for


def written_within(connection: Connection, actor: Actor, _permission: Permission, prescription_id: uuid.UUID) -> Found:
    """Return the patient of a prescription that the actor may write: the house's a doctor, the others the pharmacy.

    Raise `Forbidden` where the actor may read it and it is the other's, and `NotFound` where not even that.
    """
    stmt = select(Prescription.patient_id, Prescription.source).where(Prescription.id == prescription_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    needed = permission_for(found.source)
    if not actor.can(needed):
        patient_within(connection, actor, Perm.READ, found.patient_id)
        raise Forbidden(f"This needs the permission {needed}.")
    return patient_within(connection, actor, needed, found.patient_id)


def looked_at(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID) -> Found:
    """Return the patient whom a body names that asks and writes nothing; a merged one raises `PatientMerged`."""
    try:
        found = found_in_scope(connection, actor, permission, patient_id)
    except NotFound:
        survivor_id = survivor_of(connection, patient_id)
        if survivor_id is None:
            raise
        found_in_scope(connection, actor, permission, survivor_id)
        raise PatientMerged from None
    trails.current().about(patient_id=found.id)
    return found


def sees_chart(connection: Connection, actor: Actor, permission: Permission, found: Found) -> bool:
    """Whether a permission opens all of a chart to the actor, which the prescriptions of the pharmacy's need not."""
    chart = in_scope(connection, actor, permission, found.id)
    return chart is not None and chart.way.shows_all
