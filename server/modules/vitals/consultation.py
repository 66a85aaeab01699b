"""The vital signs of a consultation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from server.modules.visits.parts import Part, Sitting, add_part
from server.modules.vitals.policies import Perm
from server.modules.vitals.queries import sets
from server.modules.vitals.schemas.shown import VitalSetAnswer
from server.modules.vitals.schemas.taking import VitalsIn
from server.modules.vitals.service import taking


def install() -> None:
    """Register the part of this module."""
    add_part(Part(name="vitals", shape=VitalsIn, out=VitalSetAnswer, permission=Perm.WRITE, save=_take, show=_show))


def _take(sitting: Sitting, sent: Mapping[str, Any]) -> uuid.UUID:
    made = taking.take(actor=sitting.actor, patient_id=sitting.patient_id, visit_id=sitting.visit_id, **sent)
    return made.id


def _show(connection: Connection, _sitting: Sitting, vital_id: uuid.UUID) -> dict[str, Any]:
    return sets.one_set(connection, vital_id, as_patient=False)
