"""How answers name people, and say that an entry was taken back: the same in every room."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from server.core.people import full_name

# The columns of which an answer makes who wrote an entry down, and that it was taken back.
AUTHOR = ("recorded_by", "author_first_name", "author_last_name")
VOIDED = ("voided_at", "voided_by", "voider_first_name", "voider_last_name", "void_reason")


def person_ref(person_id: uuid.UUID | None, first: str | None, last: str | None) -> dict[str, Any] | None:
    """Return how an answer names a doctor or a user, or None where there is none."""
    return {"id": person_id, "name": full_name(first or "", last or "")} if person_id else None


def patient_ref(patient_id: uuid.UUID, first: str, last: str, mrn: str) -> dict[str, Any]:
    """Return how an answer names a patient."""
    return {"id": patient_id, "name": full_name(first, last), "mrn": mrn}


def taken_back(
    at: datetime | None, by: uuid.UUID | None, first: str | None, last: str | None, reason: str | None
) -> dict[str, Any] | None:
    """Return when, by whom and why an entry was marked as an error or superseded, or None where it stands."""
    return {"at": at, "by": person_ref(by, first, last), "reason": reason} if at else None
