"""The follow-up appointment of a consultation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from server.core.db import db
from server.core.dump import row_dumper
from server.core.errors import refused
from server.modules.appointments.models import Appointment
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries.appointments import COLUMNS, joined
from server.modules.appointments.schemas.appointment import AppointmentAnswer, AppointmentOut
from server.modules.appointments.service import booking, doors
from server.modules.appointments.service.refusals import HoldLapsed, NotAvailable, PatientInactive
from server.modules.chart.schemas import FollowUpIn
from server.modules.doctors.models import Doctor
from server.modules.patients.service.people import PatientDeceased
from server.modules.visits.parts import Part, Sitting, add_part

_dump = row_dumper(AppointmentOut, COLUMNS)


def install() -> None:
    """Register the part that stands on appointments; it is saved last, so that nobody waits for a calendar long."""
    add_part(
        Part(
            name="follow_up",
            shape=FollowUpIn,
            out=AppointmentAnswer,
            permission=Perm.BOOK,
            save=_book,
            show=_show,
            problems=(SlotTaken, PatientBusy, NotAvailable, HoldLapsed, PatientInactive, PatientDeceased),
        )
    )


def _book(sitting: Sitting, sent: Mapping[str, Any]) -> uuid.UUID:
    wanted = dict(sent)
    if wanted.pop("patient_id", None) not in (None, sitting.patient_id):
        raise refused("patient_id", why="The visit is another patient's.")
    doctor_id = wanted.pop("doctor_id") or sitting.doctor_id
    if doctor_id is None:
        raise refused("doctor_id", why="Say with whom.")
    account_id = db.session.scalar(select(Doctor.user_id).where(Doctor.id == doctor_id))
    if not doors.is_staff(sitting.actor, account_id):
        raise refused("doctor_id", why="You do not book in this calendar.")
    made = booking.book(actor=sitting.actor, patient_id=sitting.patient_id, doctor_id=doctor_id, **wanted)
    return made.id


def _show(connection: Connection, _sitting: Sitting, appointment_id: uuid.UUID) -> dict[str, Any]:
    return _dump(connection.execute(joined().where(Appointment.id == appointment_id)).one())
