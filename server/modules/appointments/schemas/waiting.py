"""The shapes of the waiting list."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from server.core import fields as f
from server.core.refs import patient_ref, person_ref
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.appointments.enums import WaitStatus
from server.modules.doctors.enums import Weekday

_MAYBE = {"type": ["object", "null"]}


def _each_once(days: list[str]) -> None:
    if len(set(days)) != len(days):
        raise ValidationError("Name each day once.")


class WaitlistIn(Body):
    """Whom a patient waits for, and when they could come; patients who name nobody mean themselves."""

    id = f.Id()
    doctor_id = f.Id(allow_none=True, load_default=None)
    specialty_id = f.Id(allow_none=True, load_default=None)
    patient_id = f.Id(allow_none=True, load_default=None)
    first_day = f.Day(data_key="from", required=True)
    last_day = f.Day(data_key="to", required=True)
    days = fields.List(
        f.Choice(Weekday),
        validate=[validate.Length(1, 7), _each_once],
        allow_none=True,
        load_default=None,
        metadata={"uniqueItems": True},
    )
    duration_minutes = f.Count(5, 480, allow_none=True, load_default=None)

    @validates_schema
    def _one_wish(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["doctor_id"] is None) == (data["specialty_id"] is None):
            why = ["Name either a doctor or a specialty."]
            raise ValidationError({"doctor_id": why, "specialty_id": why})
        if data["last_day"] < data["first_day"]:
            raise ValidationError("Must not be before from.", "to")


def _specialty(specialty_id: uuid.UUID | None, code: str, name: str) -> dict[str, Any] | None:
    return {"id": specialty_id, "code": code, "name": name} if specialty_id else None


def _offer(  # noqa: PLR0917 - one for each column
    status: str,
    hold_id: uuid.UUID,
    doctor_id: uuid.UUID,
    first: str,
    last: str,
    starts_at: datetime,
    ends_at: datetime,
    expires_at: datetime,
) -> dict[str, Any] | None:
    if status != WaitStatus.OFFERED:
        return None
    return {
        "hold_id": hold_id,
        "doctor": person_ref(doctor_id, first, last),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "expires_at": expires_at,
    }


class WaitlistOut(Out):
    """A place on the waiting list, and what is offered now."""

    patient = f.Computed(
        patient_ref,
        *("patient_id", "patient_first_name", "patient_last_name", "patient_mrn"),
        metadata={"type": "object"},
    )
    patient_id = fields.UUID(required=True)
    doctor = f.Computed(person_ref, "doctor_id", "doctor_first_name", "doctor_last_name", metadata=_MAYBE)
    doctor_id = fields.UUID(required=True, allow_none=True)
    specialty = f.Computed(_specialty, "specialty_id", "specialty_code", "specialty_name", metadata=_MAYBE)
    specialty_id = fields.UUID(required=True, allow_none=True)
    first_day = fields.Date(data_key="from", required=True)
    last_day = fields.Date(data_key="to", required=True)
    days = fields.List(fields.String(), required=True, allow_none=True)
    duration_minutes = fields.Integer(required=True, allow_none=True)
    status = fields.String(required=True, metadata={"enum": list(WaitStatus)})
    offer = f.Computed(
        _offer,
        *("status", "offer_hold_id", "offer_doctor_id", "offer_first_name", "offer_last_name"),
        *("offer_starts_at", "offer_ends_at", "offer_expires_at"),
        metadata=_MAYBE,
    )
    appointment_id = fields.UUID(required=True, allow_none=True)


class WaitlistQuery(ListQuery):
    """A page of the waiting list."""

    status = f.Choice(WaitStatus)
    doctor_id = f.Id()
    patient_id = f.Id()
    sort = SortKeys("created_at")
