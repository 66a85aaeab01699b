"""Book an appointment: judged by the rules, in or out by the database, written with all that follows from it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import make_transient_to_detached

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.db import db, writing
from server.core.errors import refused
from server.core.ids import new_id
from server.modules.appointments import signals
from server.modules.appointments.calendar.facts import Facts, Verdict
from server.modules.appointments.enums import LIVE, AppointmentType, Status
from server.modules.appointments.models import Appointment
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.queries.audience import Audience, find_audience
from server.modules.appointments.service import doors, holds, judging, relations, seats
from server.modules.appointments.service.refusals import already_booked
from server.modules.appointments.service.times import asked_minutes
from server.modules.appointments.service.whom import bookable_patient, require_bookable
from server.modules.appointments.service.words import folded
from server.modules.notifications.enums import Kind
from server.modules.patients.service.people import FieldNotAllowed

_COLUMNS = tuple(column.name for column in Appointment.__table__.columns)


@dataclass(frozen=True, slots=True)
class Made:
    """A new appointment, and what it calls patient and doctor where that was read on the way."""

    appointment: Appointment
    names: Mapping[str, Any] | None


def book(**wanted: Any) -> Appointment:
    """Book a time as `make` does, and return the appointment alone."""
    return make(**wanted).appointment


def make(
    *,
    actor: Actor | None,
    patient_id: uuid.UUID | None,
    doctor_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime | None = None,
    duration_minutes: int | None = None,
    type: str = AppointmentType.CONSULTATION,  # noqa: A002 - the names of the fields
    reason: str | None = None,
    notes: str | None = None,
    location: str | None = None,
    hold_id: uuid.UUID | None = None,
    override_reason: str | None = None,
    series_id: uuid.UUID | None = None,
    id: uuid.UUID | None = None,  # noqa: A002 - as above
) -> Made:
    """Book a time with a doctor for a patient; what was held is booked by the rules that it was held by."""
    connection = writing()
    minutes = asked_minutes(starts_at, ends_at, duration_minutes)
    facts = judging.known_doctor(doctor_id, starts_at)
    as_staff = doors.is_staff(actor, facts.user_id)
    require_staff_fields(as_staff, notes=notes)
    judging.require_override(actor, facts, override_reason)
    whom, audience = _whom(actor, patient_id, doctor_id, as_staff=as_staff)
    door = doors.door_for(actor=actor, doctor_user_id=facts.user_id)
    held = None
    if hold_id is not None:
        held = holds.redeem(actor=actor, hold_id=hold_id, doctor_id=doctor_id, starts_at=starts_at, patient_id=whom)
        minutes, door = held.agreed_minutes(minutes), doors.staff_door()
    written = {
        "id": id or new_id(),
        "patient_id": whom,
        "doctor_id": doctor_id,
        "status": Status.SCHEDULED,
        "type": type,
        "reason": reason,
        "notes": notes,
        "override_reason": override_reason,
        "booked_by": actor.user_id if actor else None,
        "series_id": series_id,
        "search_text": folded(reason),
    }
    for _ in range(judging.ROUNDS):
        verdict = judging.require_open(facts, starts_at, minutes, door=door, override_reason=override_reason)
        row = _row(written, verdict, location)
        try:
            is_in = seats.book(connection, seats.wanted(facts, verdict, whom), row, _beside(row, facts))
        except (SlotTaken, PatientBusy) as refusal:
            _refuse_again(refusal, patient_id=whom, doctor_id=doctor_id, starts_at=starts_at, as_staff=as_staff)
            if held is not None:
                raise
            held = holds.own_in_the_way(
                refusal, actor=actor, doctor_id=doctor_id, starts_at=starts_at, minutes=minutes, patient_id=whom
            )
            minutes, door = held.agreed_minutes(minutes), doors.staff_door()
            continue
        if is_in:
            appointment = _booked(actor, row, audience)
            if held is not None:
                held.answer(appointment.id)
            return Made(appointment, audience.names[doctor_id] if audience else None)
        bookable_patient(actor=actor, patient_id=whom, as_staff=as_staff)
        facts = judging.known_doctor(doctor_id, starts_at)
    raise judging.hours_changed()


def require_staff_fields(as_staff: bool, **sent: Any) -> None:
    """Raise `FieldNotAllowed` where a patient sends what only staff write."""
    refused_fields = [] if as_staff else [name for name, value in sent.items() if value is not None]
    if refused_fields:
        raise FieldNotAllowed(errors={name: ["Only staff write this."] for name in refused_fields})


def _whom(
    actor: Actor | None, patient_id: uuid.UUID | None, doctor_id: uuid.UUID, *, as_staff: bool
) -> tuple[uuid.UUID, Audience | None]:
    """Return the patient to book for and, where staff name them, whom to tell: it is read together."""
    if not as_staff or patient_id is None:
        return bookable_patient(actor=actor, patient_id=patient_id, as_staff=as_staff), None
    audience = find_audience(writing(), patient_id=patient_id, doctor_id=doctor_id, kind=Kind.APPOINTMENT_BOOKED)
    if audience is None:
        raise refused("patient_id", why="There is no such patient.")
    require_bookable(audience.patient_status)
    return patient_id, audience


def _refuse_again(
    refusal: SlotTaken | PatientBusy,
    *,
    patient_id: uuid.UUID,
    doctor_id: uuid.UUID,
    starts_at: datetime,
    as_staff: bool,
) -> None:
    """Raise the refusal with the appointment in it where the patient has this very one."""
    if not refusal.by_own:
        return
    stmt = select(Appointment.id).where(
        Appointment.patient_id == patient_id,
        Appointment.doctor_id == doctor_id,
        Appointment.starts_at == starts_at,
        Appointment.status.in_(LIVE),
    )
    found = db.session.scalar(stmt)
    if found is not None:
        raise already_booked(refusal, found, as_staff=as_staff) from refusal


def _row(written: Mapping[str, Any], verdict: Verdict, location: str | None) -> dict[str, Any]:
    now = clock.now()
    return {
        **dict.fromkeys(_COLUMNS),
        **written,
        "starts_at": verdict.starts_at,
        "ends_at": verdict.ends_at,
        "location": location or verdict.location,
        "timed_at": now,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


def _beside(row: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Return the parameters of what is written with a booking: its history, and the care that it opens the chart to."""
    return {"event_id": new_id(), **relations.opened_by(row["starts_at"], facts.user_id, facts.zone)}


def _booked(actor: Actor | None, row: Mapping[str, Any], audience: Audience | None) -> Appointment:
    """Tell of a booking that is written."""
    appointment = Appointment()
    # The row is stored already: the entity joins the session as if it had been loaded, without a change to note.
    vars(appointment).update(row)
    make_transient_to_detached(appointment)
    db.session.add(appointment)
    trail = trails.current()
    trail.about(appointment.id, patient_id=appointment.patient_id)
    trail.changed |= {name for name in row.keys() - _NOT_SENT if row[name] is not None}
    trail.values_after |= {
        "status": str(Status.SCHEDULED),
        "starts_at": str(appointment.starts_at),
        "doctor_id": str(appointment.doctor_id),
    }
    trail.version_after = 1
    signals.booked.send(appointment=appointment, actor=actor, audience=audience)
    return appointment


_NOT_SENT = frozenset({"id", "created_at", "updated_at", "version", "search_text", "timed_at", "booked_by"})
