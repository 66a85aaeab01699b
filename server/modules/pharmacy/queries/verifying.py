"""Whether a printed prescription is genuine: by the code on it alone, and without a word on whose it is."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, or_, select

from server.core import clock
from server.core.errors import NotFound
from server.modules.prescriptions.enums import PrescriptionStatus
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.queries.standing import OPEN, stands

_CODE = re.compile(r"[A-Za-z0-9_-]{16,43}", re.ASCII)


def verified(connection: Connection, code: str) -> dict[str, Any]:
    """Return what a code says of its prescription; raise `NotFound` where nothing was issued with it."""
    if not _CODE.fullmatch(code):
        raise NotFound
    stmt = select(Prescription.date_prescribed, Prescription.expires_on, stands(clock.today()).label("status")).where(
        Prescription.verify_code == code,
        Prescription.status != PrescriptionStatus.DRAFT,
        or_(Prescription.activated_at.is_not(None), Prescription.status != PrescriptionStatus.CANCELLED),
    )
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return {
        "genuine": True,
        "issued_on": found.date_prescribed,
        "expires_on": found.expires_on,
        "is_open": found.status in OPEN,
    }
