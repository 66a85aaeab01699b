"""Move an appointment to another time or doctor in place: it is there or, on conflict, where it was."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from server.core import clock
from server.core.access import Actor
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import NotFound, Stale, refused
from server.modules.appointments import signals
from server.modules.appointments.calendar.facts import Facts
from server.modules.appointments.calendar.judge import judge
from server.modules.appointments.enums import Reason, Status
from server.modules.appointments.models import Appointment
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.service import doors, events, holds, judging, own_time, relations, seats
from server.modules.appointments.service.cancelling import require_notice
from server.modules.appointments.service.refusals import NoticeWindow, invalid_transition
from server.modules.appointments.service.times import asked_minutes
from server.modules.appointments.service.whom import bookable_patient
from server.modules.appointments.service.words import write_words

MOVABLE = (Status.SCHEDULED, Status.CONFIRMED)
_MINUTE = timedelta(minutes=1)


def reschedule(
    *,
    actor: Actor | None,
    appointment_id: uuid.UUID,
    starts_at: datetime,
    doctor_id: uuid.UUID | None = None,
    ends_at: datetime | None = None,
    duration_minutes: int | None = None,
    override_reason: str | None = None,
    reason: str | None = None,
    hold_id: uuid.UUID | None = None,
    expected: Expected = ANY_VERSION,
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> Appointment:
    """Move an appointment; it keeps its length and status unless told otherwise, and patients keep the notice window.

    `reason` is why it is moved; staff give one where a patient could not move any more. `hold_id` is a hold of the
    new time, whose length it then has. `beside` is what else changes of the appointment.
    """
    minutes = asked_minutes(starts_at, ends_at, duration_minutes)
    reached = doors.reach(actor, Perm.BOOK, appointment_id)
    to_doctor = doctor_id or reached.doctor_id
    facts = judging.known_doctor(to_doctor, starts_at)
    if reached.is_staff and not doors.is_staff(actor, facts.user_id):
        raise NotFound
    judging.require_override(actor, facts, override_reason)
    # Doctors before appointments, the order in which leave locks them too: so no two who move wait for each other.
    doors.lock_doctors(reached.doctor_id, to_doctor)
    appointment = doors.locked(appointment_id)
    if appointment.doctor_id != reached.doctor_id:
        raise Stale(current_version=appointment.version)
    appointment.require(expected)
    if appointment.status not in MOVABLE:
        raise invalid_transition(appointment.status, "be moved")
    _require_timely(appointment, as_staff=reached.is_staff, reason=reason)
    whom = bookable_patient(actor=actor, patient_id=appointment.patient_id, as_staff=True)
    held = None
    if hold_id is not None:
        held = holds.redeem(actor=actor, hold_id=hold_id, doctor_id=to_doctor, starts_at=starts_at, patient_id=whom)
        minutes = held.agreed_minutes(minutes)
    asked, minutes = minutes, minutes or (appointment.ends_at - appointment.starts_at) // _MINUTE
    is_same = appointment.starts_at == starts_at and appointment.ends_at == starts_at + minutes * _MINUTE
    if to_doctor == reached.doctor_id:
        if is_same:
            return appointment
    elif asked is None and not _offers(facts, actor, starts_at, minutes):
        minutes = None
    _move(
        appointment,
        facts,
        actor=actor,
        starts_at=starts_at,
        minutes=minutes,
        held=held,
        why=reason,
        passed=override_reason,
        beside=beside,
    )
    return appointment


def _offers(facts: Facts, actor: Actor | None, starts_at: datetime, minutes: int) -> bool:
    """Whether a doctor's grid has visits of this length; where it has not, theirs are as long as their list says."""
    door = doors.door_for(actor=actor, doctor_user_id=facts.user_id)
    return Reason.OFF_GRID not in judge(facts, starts_at, ends_at=None, minutes=minutes, door=door).reasons


def _is_where_hours_say(appointment: Appointment) -> bool:
    """Whether the hours that an appointment was booked in say where it is, and not somebody's own words."""
    starts_at, ends_at = appointment.starts_at, appointment.ends_at
    facts = judging.known_doctor(appointment.doctor_id, starts_at)
    verdict = judge(facts, starts_at, ends_at=ends_at, minutes=None, door=doors.staff_door())
    return appointment.location in (None, verdict.location)


def _placed(words: Mapping[str, Any], usual: str | None) -> Mapping[str, Any]:
    """Return words with the place that the hours say, where another one was taken away."""
    return {**words, "location": words["location"] or usual} if "location" in words else words


def _require_timely(appointment: Appointment, *, as_staff: bool, reason: str | None) -> None:
    try:
        require_notice(appointment)
    except NoticeWindow:
        if not as_staff:
            raise
        if reason is None:
            raise refused("reason", why="Say why it is moved at such short notice.") from None


def _move(
    appointment: Appointment,
    facts: Facts,
    *,
    actor: Actor | None,
    starts_at: datetime,
    minutes: int | None,
    held: holds.Held | None,
    why: str | None,
    passed: str | None,
    beside: Mapping[str, Any],
) -> None:
    connection = db.session.connection()
    was_starts_at, was_ends_at, was_doctor_id = appointment.starts_at, appointment.ends_at, appointment.doctor_id
    was_location = appointment.location
    # What was held is moved to by the rules that it was held by.
    door = doors.staff_door() if held else doors.door_for(actor=actor, doctor_user_id=facts.user_id)
    is_usual = _is_where_hours_say(appointment)
    seats.give_back(connection, appointment.id)
    for _ in range(judging.ROUNDS):
        verdict = judging.require_open(facts, starts_at, minutes, door=door, override_reason=passed)
        try:
            is_in = seats.retake(connection, seats.wanted(facts, verdict, appointment.patient_id), appointment.id)
        except (SlotTaken, PatientBusy) as refusal:
            if held is not None:
                raise
            held = holds.own_in_the_way(
                refusal,
                actor=actor,
                doctor_id=facts.doctor_id,
                starts_at=starts_at,
                minutes=minutes,
                patient_id=appointment.patient_id,
            )
            minutes, door = held.agreed_minutes(minutes), doors.staff_door()
            continue
        if is_in:
            break
        bookable_patient(actor=actor, patient_id=appointment.patient_id, as_staff=True)
        facts = judging.known_doctor(facts.doctor_id, starts_at)
    else:
        raise judging.hours_changed()
    appointment.starts_at, appointment.ends_at = verdict.starts_at, verdict.ends_at
    appointment.timed_at = clock.now()
    # Inside the hours nothing is passed any more.
    appointment.override_reason = passed if verdict.reasons else None
    if facts.doctor_id != was_doctor_id or is_usual:
        appointment.doctor_id, appointment.location = facts.doctor_id, verdict.location
    changed = write_words(appointment, _placed(beside, verdict.location))
    if verdict.ends_at - verdict.starts_at != was_ends_at - was_starts_at:
        changed.append("duration_minutes")
    db.session.flush()
    events.note(
        appointment,
        actor_id=actor.user_id if actor else None,
        from_status=appointment.status,
        from_starts_at=was_starts_at,
        from_doctor_id=was_doctor_id,
        changed=changed,
        reason=why or (passed if verdict.reasons else None),
    )
    if held is not None:
        held.answer(appointment.id)
    own_time.reclaim({appointment.patient_id})
    relations.follow(appointment, doctor_user_id=facts.user_id, zone=facts.zone)
    signals.moved.send(
        appointment=appointment,
        actor=actor,
        was_starts_at=was_starts_at,
        was_ends_at=was_ends_at,
        was_doctor_id=was_doctor_id,
        was_location=was_location,
    )
    if was_ends_at > clock.now():
        signals.freed.send(
            doctor_id=was_doctor_id, starts_at=was_starts_at, ends_at=was_ends_at, patient_id=appointment.patient_id
        )
