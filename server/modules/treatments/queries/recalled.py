"""Which treatments used of a recalled lot, and on whom."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from server.core.refs import patient_ref
from server.modules.inventory.queries.given import still_out
from server.modules.inventory.recalls import Given, add_given
from server.modules.patients.models import Patient
from server.modules.treatments.models import Treatment
from server.modules.treatments.queries.treatments import SOURCE


def install() -> None:
    """Register what recalls list of this module."""
    add_given(_used)


def _used(connection: Connection, lot_ids: Collection[uuid.UUID]) -> Iterator[Given]:
    out = still_out(SOURCE, lot_ids).subquery("out")
    stmt = (
        select(out, Patient.id, Patient.first_name, Patient.last_name, Patient.mrn)
        .join(Treatment, Treatment.id == out.c.document_id)
        .join(Patient, Patient.id == Treatment.patient_id)
    )
    for document_id, lot_id, quantity, given_at, *patient in connection.execute(stmt):
        yield Given(SOURCE, document_id, lot_id, int(quantity), given_at, patient_ref(*patient))
