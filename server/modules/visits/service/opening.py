"""Open a visit: from an appointment, or of a patient who walked in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.counters import next_number
from server.core.db import db
from server.core.errors import refused
from server.modules.appointments.enums import AppointmentType
from server.modules.appointments.models import Appointment
from server.modules.appointments.service import attended
from server.modules.appointments.service.whom import bookable_patient
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor
from server.modules.doctors.queries.search import own_doctor_id
from server.modules.patients.models import Patient
from server.modules.patients.service.lifetime import require_lived
from server.modules.patients.service.people import FieldNotAllowed
from server.modules.visits.enums import VisitStatus, VisitType
from server.modules.visits.models import Visit, VisitExists
from server.modules.visits.policies import Perm
from server.modules.visits.service import relations, steps, writing

WALK_IN = "walk_in"
# What only who may write of a visit sends with its beginning, and what stands for nothing sent.
_WRITTEN: dict[str, Any] = {
    **dict.fromkeys(("chief_complaint", "notes", "patient_instructions", "follow_up_on")),
    "free_follow_up": False,
    "diagnoses": [],
}
_TYPES = {AppointmentType.TELEHEALTH: VisitType.CONSULTATION}


@dataclass(frozen=True, slots=True)
class Whom:
    """For whom a visit is opened, and with which doctor, where the appointment tells."""

    patient_id: uuid.UUID
    doctor_id: uuid.UUID | None


def whose(*, appointment_id: uuid.UUID | None, patient_id: uuid.UUID | None, doctor_id: uuid.UUID | None) -> Whom:
    """Return whose visit a body asks for; raise a 422 where an appointment says otherwise, and a 409 as bookings do."""
    if appointment_id is not None:
        stmt = select(Appointment.patient_id, Appointment.doctor_id).where(Appointment.id == appointment_id)
        found = db.session.execute(stmt).first()
        if found is None:
            raise refused("appointment_id", why="There is no such appointment.")
        if patient_id not in (None, found.patient_id):
            raise refused("patient_id", why="This is another patient's appointment.")
        if doctor_id not in (None, found.doctor_id):
            raise refused("doctor_id", why="This is another doctor's appointment.")
        patient_id, doctor_id = found
    return Whom(bookable_patient(actor=None, patient_id=patient_id, as_staff=True), doctor_id)


def open_visit(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    appointment_id: uuid.UUID | None = None,
    doctor_id: uuid.UUID | None = None,
    visit_type: str | None = None,
    started_at: datetime | None = None,
    id: uuid.UUID | None = None,  # noqa: A002 - the name of the field
    **content: Any,
) -> Visit:
    """Open a visit of a patient whose chart is held; it opens the chart to those who see them."""
    _require_writer(actor, content)
    # Whoever stops a patient holds their row, as this does: the answer stands until the unit of work ends.
    bookable_patient(actor=None, patient_id=patient_id, as_staff=True)
    doctor_id = doctor_id or own_doctor_id(db.session.connection(), actor)
    doctor_user_id = _account_of(doctor_id)
    visit = Visit(patient_id=patient_id, doctor_id=doctor_id, status=VisitStatus.OPEN, recorded_by=actor.user_id)
    if id is not None:
        visit.id = id
    visit.appointment_id = appointment_id
    visit.started_at = _begun(patient_id, started_at)
    appointment = _free(appointment_id) if appointment_id else None
    visit.visit_type = visit_type or _type_of(appointment)
    diagnoses = content.pop("diagnoses", ())
    writing.say(visit, **content)
    # Late: the counter stays locked until the unit of work ends.
    visit.number = draw_numbers(db.session.connection())
    db.session.add(visit)
    db.session.flush()
    writing.diagnose(visit, actor=actor, wanted=diagnoses)
    steps.note(visit, actor=actor, was=None)
    relations.begin(visit, doctor_user_id=doctor_user_id, actor=actor)
    trails.current().about(visit.id, patient_id=patient_id)
    if appointment is None:
        trails.current().note = WALK_IN
        trails.current().action = f"visits.{WALK_IN}"
    else:
        attended.begin(appointment, actor=actor, visit_id=visit.id)
    return visit


def draw_numbers(connection: Connection, *, count: int = 1) -> int:
    """Return the next number of a visit, or the last of the next `count`."""
    return next_number(connection, "visits.number", count=count)


def _require_writer(actor: Actor, content: dict[str, Any]) -> None:
    """Raise `FieldNotAllowed` where somebody who may not write of a visit sends what is said at it."""
    sent = [name for name, value in content.items() if value != _WRITTEN[name]]
    if sent and not actor.can(Perm.WRITE):
        why = FieldNotAllowed.default_message()
        raise FieldNotAllowed(errors={name: [why] for name in sorted(sent)})


def _account_of(doctor_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return the account of the doctor whose visit it becomes, who has to be at work."""
    if doctor_id is None:
        raise refused("doctor_id", why="Say with whom.")
    found = db.session.execute(select(Doctor.user_id, Doctor.status).where(Doctor.id == doctor_id)).first()
    if found is None:
        raise refused("doctor_id", why="There is no such doctor.")
    if found.status != DoctorStatus.ACTIVE:
        raise refused("doctor_id", why="This doctor is not active.")
    user_id: uuid.UUID | None = found.user_id
    return user_id


def _begun(patient_id: uuid.UUID, started_at: datetime | None) -> datetime:
    if started_at is None:
        return clock.now()
    born_on = db.session.execute(select(Patient.date_of_birth).where(Patient.id == patient_id)).scalar_one()
    require_lived(started_at, born_on=born_on, field="started_at")
    return started_at


def _free(appointment_id: uuid.UUID) -> Appointment:
    """Return an appointment, locked, that has no visit yet."""
    appointment = attended.locked(appointment_id)
    taken = select(Visit.id).where(
        Visit.appointment_id == appointment_id, Visit.status.in_((VisitStatus.OPEN, VisitStatus.COMPLETED))
    )
    if db.session.scalar(taken) is not None:
        raise VisitExists(errors={"appointment_id": [VisitExists.default_message()]})
    return appointment


def _type_of(appointment: Appointment | None) -> VisitType:
    if appointment is None:
        return VisitType.CONSULTATION
    kind = AppointmentType(appointment.type)
    return _TYPES.get(kind) or VisitType(kind)
