"""What is answered."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Out(BaseModel):
    """An answer that is read from an entity."""

    model_config = ConfigDict(from_attributes=True)


class Address(Out):
    """A postal address."""

    line1: str | None
    line2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None


class PatientOut(Out):
    """A patient."""

    id: uuid.UUID
    created_at: datetime
    updated_at: datetime
    version: int
    mrn: str
    prefix: str | None
    first_name: str
    middle_name: str | None
    last_name: str
    preferred_name: str | None
    maiden_name: str | None
    name: str
    date_of_birth: date
    age: int
    sex: str
    gender_identity: str | None
    phone: str | None
    email: str | None
    address: Address | None
    language: str | None
    marital_status: str | None
    occupation: str | None
    primary_doctor_id: uuid.UUID | None
    status: str
    deceased_on: date | None
    notes: str | None
    identifiers: list[dict[str, Any]]
    possible_duplicate: bool


class PatientDetail(PatientOut):
    """A patient with what only their own answer tells."""

    next_appointment_at: datetime | None = None


class Meta(BaseModel):
    """Where in a list a page stands."""

    page: int
    per_page: int
    total: int
    pages: int
    next_cursor: str | None
    total_is_estimate: bool | None = None


class Envelope(Out, Generic[T]):
    """What surrounds one object."""

    success: bool = True
    data: T
    message: str = ""


class Listed(Out, Generic[T]):
    """What surrounds a page."""

    success: bool = True
    data: list[T]
    message: str = ""
    meta: Meta
