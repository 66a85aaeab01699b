"""Offer time that came free to whoever waits longest and fits: a hold of some minutes, which passes on when it lapses.

Rows of the list lock after doctors and appointments, and an offer passes over those that somebody else has locked, so
that nobody waits here for another who waits for them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, delete, select, update

from server.core import clock, state
from server.core.attempts import attempt
from server.core.db import close_reading, db, reading
from server.core.uow import command
from server.modules.appointments.calendar.facts import Facts
from server.modules.appointments.calendar.judge import judge
from server.modules.appointments.calendar.slots import Slot, free_slots
from server.modules.appointments.enums import Reason, WaitStatus
from server.modules.appointments.models import TakenInterval, WaitlistEntry
from server.modules.appointments.models.booking import SlotTaken
from server.modules.appointments.queries import waiting as queries
from server.modules.appointments.queries.audience import audience_of
from server.modules.appointments.queries.facts import facts_of
from server.modules.appointments.service import doors, judging, seats
from server.modules.appointments.service.notices import in_words
from server.modules.doctors.enums import Weekday
from server.modules.doctors.models import Doctor
from server.modules.notifications.enums import Kind
from server.modules.notifications.service import enqueue_mail, notify
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient

OFFER_MAIL, OFFER_LETTER = "waitlist_offer", "waitlist_offer_letter"

_DAY = timedelta(days=1)
_WEEKDAYS = tuple(Weekday)
_entries, _patients = WaitlistEntry.__table__, Patient.__table__


def offer_freed(
    _sender: object, *, doctor_id: uuid.UUID, starts_at: datetime, ends_at: datetime, patient_id: uuid.UUID
) -> None:
    """Offer time that a cancellation or a move has just given back to others, in the same unit of work."""
    offer(doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at, but=patient_id)


def offer(*, doctor_id: uuid.UUID, starts_at: datetime, ends_at: datetime, but: uuid.UUID | None = None) -> bool:
    """Offer a stretch of a doctor's time to the first who fits, `but` one patient; tell whether there was anybody."""
    db.session.flush()
    if ends_at <= clock.now() + timedelta(minutes=state.settings().booking_lead_minutes):
        return False
    for _ in range(judging.ROUNDS):
        made = _offer_as_known(doctor_id, starts_at, ends_at, but)
        if made is not None:
            return made
    return False


def pass_on(entry: WaitlistEntry) -> None:
    """Take an offer from one who let it go, and offer its time to the next."""
    db.session.flush()
    db.session.execute(delete(TakenInterval).where(TakenInterval.id == entry.offer_hold_id))
    if entry.offer_doctor_id and entry.offer_starts_at and entry.offer_ends_at:
        offer(
            doctor_id=entry.offer_doctor_id,
            starts_at=entry.offer_starts_at,
            ends_at=entry.offer_ends_at,
            but=entry.patient_id,
        )


def lapse(entry: WaitlistEntry) -> None:
    """End the wait of one who did not answer in time, unless no answer could have booked it; the offer passes on."""
    if _is_void(entry):
        take_back(entry)
        return
    entry.status = WaitStatus.EXPIRED
    pass_on(entry)


def take_back(entry: WaitlistEntry) -> None:
    """Have one wait on, in their place, whose offer cannot be booked any more."""
    entry.status = WaitStatus.WAITING
    pass_on(entry)


def take_back_from(_sender: object, *, doctor: Doctor, **_rest: Any) -> None:
    """Have those wait on who were offered time of a doctor who takes no appointments any more.

    An entry that somebody has locked is about to be answered: that waits for the doctor, who is locked already, and
    finds them gone.
    """
    of_doctor = (_entries.c.offer_doctor_id == doctor.id, _entries.c.status == WaitStatus.OFFERED)
    stmt = select(_entries.c.id, _entries.c.offer_hold_id).where(*of_doctor).order_by(_entries.c.id)
    for entry_id, hold_id in db.session.execute(stmt.with_for_update(skip_locked=True)).all():
        waits = _changed(status=WaitStatus.WAITING)
        db.session.execute(update(_entries).where(_entries.c.id == entry_id).values(waits))
        db.session.execute(delete(TakenInterval).where(TakenInterval.id == hold_id))


def _is_void(entry: WaitlistEntry) -> bool:
    """Whether leave, other hours or the doctor's farewell stand against what was offered."""
    if not (entry.offer_doctor_id and entry.offer_starts_at and entry.offer_ends_at):
        return False
    facts = judging.known_doctor(entry.offer_doctor_id, entry.offer_starts_at)
    verdict = judge(facts, entry.offer_starts_at, ends_at=entry.offer_ends_at, minutes=None, door=doors.staff_door())
    return not set(verdict.reasons) <= {Reason.IN_PAST}


def go_on() -> int:
    """Pass on the offers that have lapsed, and end the waits whose last day is over; return how many."""
    lapsed = queries.lapsed_offers(reading(), clock.now())
    over = queries.outwaited(reading(), clock.today())
    close_reading()
    ended = 0
    for entry_id in lapsed:
        was_ended, _error = attempt(partial(_lapse, entry_id))
        ended += bool(was_ended)
    return ended + (_end(over) if over else 0)


def _lapse(entry_id: uuid.UUID) -> bool:
    with command("waitlist.lapse", "waitlist_entry"):
        stmt = select(WaitlistEntry).where(WaitlistEntry.id == entry_id).with_for_update(skip_locked=True)
        entry = db.session.scalar(stmt)
        if entry is None or not has_lapsed(entry):
            return False
        lapse(entry)
        return True


def _end(entry_ids: list[uuid.UUID]) -> int:
    with command("waitlist.expire", "waitlist_entry"):
        are_waiting = _entries.c.id.in_(entry_ids) & (_entries.c.status == WaitStatus.WAITING)
        stmt = update(_entries).where(are_waiting).values(_changed(status=WaitStatus.EXPIRED))
        return len(db.session.execute(stmt.returning(_entries.c.id)).all())


def has_lapsed(entry: WaitlistEntry) -> bool:
    """Whether an offer was made that nobody may accept any more."""
    expires_at = entry.offer_expires_at
    return entry.status == WaitStatus.OFFERED and expires_at is not None and expires_at <= clock.now()


def _offer_as_known(doctor_id: uuid.UUID, starts_at: datetime, ends_at: datetime, but: uuid.UUID | None) -> bool | None:
    """Go through those who wait; None: what was known of the doctor has changed meanwhile."""
    connection = db.session.connection()
    # By some clock on earth; the doctor's own decides below.
    since, until = starts_at.date() - _DAY, ends_at.date() + _DAY
    facts: Facts | None = None
    for waiting in queries.waiting_for(connection, doctor_id=doctor_id, since=since, until=until, but=but):
        facts = facts or facts_of(connection, doctor_id, starts_at, ends_at, with_taken=True)
        if facts is None:
            return False
        for slot in _fitting(facts, starts_at, ends_at, waiting):
            if not _lock(waiting.id, waiting.patient_id):
                break
            if queries.is_busy(connection, waiting.patient_id, slot.starts_at, slot.ends_at):
                continue
            hold_id, is_known = _hold(facts, slot)
            if not is_known:
                return None
            if hold_id is not None:
                _make(facts, slot, waiting, hold_id)
                return True
    return False


def _fitting(facts: Facts, starts_at: datetime, ends_at: datetime, waiting: Row[Any]) -> Iterator[Slot]:
    """Yield the listed starts within the stretch that patients may book and this one could come to."""
    for slot in free_slots(facts, starts_at, ends_at, minutes=waiting.duration_minutes, door=doors.patient_door()):
        day = slot.local_start.date()
        suits = not waiting.days or _WEEKDAYS[day.weekday()] in waiting.days
        if slot.ends_at <= ends_at and waiting.first_day <= day <= waiting.last_day and suits:
            yield slot


def _lock(entry_id: uuid.UUID, patient_id: uuid.UUID) -> bool:
    """Lock an entry that still waits and that nobody else has locked, and keep its patient from being stopped."""
    still = select(_entries.c.id).where(_entries.c.id == entry_id, _entries.c.status == WaitStatus.WAITING)
    if db.session.execute(still.with_for_update(skip_locked=True)).first() is None:
        return False
    lives = select(_patients.c.id).where(_patients.c.id == patient_id, _patients.c.status == PatientStatus.ACTIVE)
    return db.session.execute(lives.with_for_update(read=True)).first() is not None


def _expiry(slot: Slot) -> datetime:
    return min(clock.now() + timedelta(minutes=state.settings().offer_minutes), slot.starts_at)


def _hold(facts: Facts, slot: Slot) -> tuple[uuid.UUID | None, bool]:
    """Hold a slot; return the hold, if it was to be had, and whether the facts still were true.

    It takes the doctor's time alone: who is offered a time stays free to book another one.
    """
    length = int((slot.ends_at - slot.starts_at).total_seconds() // 60)
    verdict = judge(facts, slot.starts_at, ends_at=None, minutes=length, door=doors.patient_door())
    time = seats.wanted(facts, verdict, None)
    try:
        hold_id = seats.hold(db.session.connection(), time, held_by=None, expires_at=_expiry(slot))
    except SlotTaken:
        return None, True
    return hold_id, hold_id is not None


def _make(facts: Facts, slot: Slot, waiting: Row[Any], hold_id: uuid.UUID) -> None:
    """Note the offer and tell the patient's side."""
    expires_at = _expiry(slot)
    offered = _changed(
        status=WaitStatus.OFFERED,
        offer_hold_id=hold_id,
        offer_doctor_id=facts.doctor_id,
        offer_starts_at=slot.starts_at,
        offer_ends_at=slot.ends_at,
        offer_expires_at=expires_at,
    )
    # Not through the entity: the audit row is about what gave the time back, not about who gets it.
    db.session.execute(update(_entries).where(_entries.c.id == waiting.id).values(offered))
    details = {
        "when": in_words(slot.starts_at, facts.zone),
        "until": in_words(expires_at, facts.zone),
        "entry_id": str(waiting.id),
        "hold_id": str(hold_id),
    }
    audience = audience_of(db.session.connection(), patient_id=waiting.patient_id, doctor_id=facts.doctor_id)
    if audience.patient_users:
        notify(
            user_ids=audience.patient_users,
            kind=Kind.APPOINTMENT_OFFERED,
            source_type="waitlist_entry",
            source_id=waiting.id,
            details=details,
            mail=OFFER_MAIL,
        )
    if audience.takes_letter:
        key = f"{OFFER_LETTER}:{hold_id}"
        enqueue_mail(kind=OFFER_LETTER, subject_id=waiting.patient_id, dedupe_key=key, details=details)


def _changed(**values: Any) -> dict[str, Any]:
    return {**values, "version": _entries.c.version + 1, "updated_at": clock.now()}
