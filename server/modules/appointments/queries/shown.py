"""What this module shows of a patient in their detail, in the timeline and in the summary."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Select, and_, case, literal_column, or_, select
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.columns import NOW
from server.core.dump import row_dumper
from server.modules.appointments.enums import LIVE, AppointmentType, Status
from server.modules.appointments.models import Appointment
from server.modules.appointments.queries.appointments import COLUMNS, joined
from server.modules.appointments.schemas.appointment import AppointmentOut
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.patients.shown import add_detail, add_events, add_section, event

# Who has come is here; what is next is yet to come. Not an IN, which SQLAlchemy writes anew for each request.
_IS_TO_COME = or_(*(Appointment.status == literal_column(f"'{one}'") for one in (Status.SCHEDULED, Status.CONFIRMED)))
_MOST_UPCOMING = 10

_TITLE = case(
    {one.value: one.replace("_", " ").capitalize() for one in AppointmentType},
    value=Appointment.type,
    else_=Appointment.type,
)
_DOCTOR_NAME = Doctor.first_name + " " + Doctor.last_name


def install() -> None:
    """Register the detail, the events and the section of this module."""
    add_detail("next_appointment_at", _next())
    add_events("appointment", _events("appointment", Appointment.starts_at, _takes_place))
    add_events("appointment_missed", _events("appointment_missed", Appointment.starts_at, _was_missed))
    add_events("appointment_cancelled", _events("appointment_cancelled", Appointment.cancelled_at, _is_cancelled))
    add_section("upcoming_appointments", upcoming)


def _next() -> ColumnElement[Any]:
    return (
        select(Appointment.starts_at)
        .where(Appointment.patient_id == Patient.id, Appointment.starts_at >= NOW, _IS_TO_COME)
        .order_by(Appointment.starts_at)
        .limit(1)
        .correlate(Patient)
        .scalar_subquery()
    )


_is_cancelled = Appointment.cancelled_at.is_not(None)
_was_missed = Appointment.status == Status.NO_SHOW
# Not a NOT IN, which SQLAlchemy writes anew for each request.
_takes_place = and_(Appointment.status != Status.CANCELLED, Appointment.status != Status.NO_SHOW)


def _events(kind: str, at: Any, which: ColumnElement[bool]) -> Any:
    def source(patient_id: uuid.UUID) -> Select[Any]:
        return (
            event(
                at=at,
                kind=kind,
                object_type="appointment",
                object_id=Appointment.id,
                title=_TITLE,
                doctor_id=Doctor.id,
                doctor_name=_DOCTOR_NAME,
            )
            .join(Doctor, Doctor.id == Appointment.doctor_id)
            .where(Appointment.patient_id == patient_id, which)
        )

    return source


def upcoming(connection: Connection, patient_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the next appointments, the nearest first, with what is going on now."""
    stmt = (
        joined()
        .where(Appointment.patient_id == patient_id, Appointment.ends_at > clock.now(), Appointment.status.in_(LIVE))
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(_MOST_UPCOMING)
    )
    dump = row_dumper(AppointmentOut, COLUMNS)
    return [dump(row) for row in connection.execute(stmt)]
