"""Tell patients that something is ready for them."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from server.core.db import db
from server.modules.notifications.enums import Kind
from server.modules.notifications.service.notices import notify
from server.modules.patients.models import Patient


def tell_ready(patient_id: uuid.UUID, dispense_id: uuid.UUID) -> None:
    """Tell a patient who has an account once that something is ready: when it is prepared, else when it is filled."""
    user_id = db.session.scalar(select(Patient.user_id).where(Patient.id == patient_id))
    if user_id is not None:
        notify(user_ids=[user_id], kind=Kind.PRESCRIPTION_READY, source_type="dispense", source_id=dispense_id)
