"""How a prescription stands on a day: one that is open is expired once its last day is over."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import and_, case, or_
from sqlalchemy.sql import ColumnElement

from server.modules.prescriptions.enums import PrescriptionStatus
from server.modules.prescriptions.models import Prescription

# On what something may still be handed out.
OPEN = (PrescriptionStatus.ACTIVE, PrescriptionStatus.PARTIALLY_FILLED)


def is_open() -> ColumnElement[bool]:
    """Return "was neither filled in whole nor ended", whatever the day."""
    return or_(*(Prescription.status == one for one in OPEN))


def is_past(today: date) -> ColumnElement[bool]:
    """Return "its last day is over"."""
    return and_(Prescription.expires_on.is_not(None), Prescription.expires_on < today)


def stands(today: date) -> ColumnElement[Any]:
    """Return how a prescription stands on a day, as it is shown."""
    return case((and_(is_open(), is_past(today)), PrescriptionStatus.EXPIRED), else_=Prescription.status)


def stands_so(status: str, today: date) -> ColumnElement[bool]:
    """Return "stands so on a day", in a form that the index on the status serves."""
    is_so = Prescription.status == status
    if status in OPEN:
        return and_(is_so, or_(Prescription.expires_on.is_(None), Prescription.expires_on >= today))
    if status == PrescriptionStatus.EXPIRED:
        return or_(is_so, and_(is_open(), is_past(today)))
    return is_so
