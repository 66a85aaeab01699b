"""Hold a time for some minutes, so that nobody else takes it while one fills in the rest."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, true, update
from sqlalchemy.sql import ColumnElement

from server.core import clock, state, trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.errors import NotFound, refused
from server.modules.appointments.enums import IntervalKind, WaitStatus
from server.modules.appointments.models import TakenInterval, WaitlistEntry
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.queries.facts import LONGEST_TAKEN
from server.modules.appointments.service import doors, judging, seats
from server.modules.appointments.service.refusals import HoldLapsed, TooManyHolds
from server.modules.appointments.service.times import asked_minutes
from server.modules.appointments.service.whom import bookable_patient
from server.modules.users.models import User

# How many times a patient may hold at once; staff hold for many.
MOST_HOLDS = 5
# Lapsed holds block nobody; their rows stay a while, so that a late release still finds them.
KEPT_LAPSED = timedelta(hours=1)

_TABLE, _WAITS = TakenInterval.__table__, WaitlistEntry.__table__
_IS_HOLD = TakenInterval.kind == IntervalKind.HOLD


@dataclass(frozen=True, slots=True)
class Held:
    """Time that was held and is now free for its holder to book; `entry` is the place on the list, of an offer."""

    starts_at: datetime
    ends_at: datetime
    entry: WaitlistEntry | None = None

    def agreed_minutes(self, minutes: int | None) -> int:
        """Return how long the hold is; raise a 422 where another length is asked for."""
        length = asked_minutes(self.starts_at, self.ends_at, None)
        if length is None or minutes not in (None, length):
            raise refused("hold_id", "duration_minutes", why="The hold is for another length.")
        return length

    def answer(self, appointment_id: uuid.UUID) -> None:
        """End the wait of one whose offer it was."""
        if self.entry is not None:
            self.entry.status, self.entry.appointment_id = WaitStatus.BOOKED, appointment_id
            db.session.flush()


def hold(
    *,
    actor: Actor | None,
    doctor_id: uuid.UUID,
    starts_at: datetime,
    duration_minutes: int | None = None,
    patient_id: uuid.UUID | None = None,
    minutes: int | None = None,
) -> TakenInterval:
    """Hold a time by the rules that it will be booked by; `minutes` is how long, else `HOLD_MINUTES`.

    Staff may leave open for whom it is; others who name nobody mean themselves, as in booking.
    """
    connection = db.session.connection()
    facts = judging.known_doctor(doctor_id, starts_at)
    as_staff = doors.is_staff(actor, facts.user_id)
    if patient_id is not None or not as_staff:
        patient_id = bookable_patient(actor=actor, patient_id=patient_id, as_staff=as_staff)
    if actor is not None and not as_staff:
        _require_room(actor)
    door = doors.door_for(actor=actor, doctor_user_id=facts.user_id)
    expires_at = clock.now() + timedelta(minutes=minutes or state.settings().hold_minutes)
    for _ in range(judging.ROUNDS):
        verdict = judging.require_open(facts, starts_at, duration_minutes, door=door)
        time = seats.wanted(facts, verdict, patient_id)
        held_by = actor.user_id if actor else None
        hold_id = seats.hold(connection, time, held_by=held_by, expires_at=expires_at)
        if hold_id is not None:
            trails.current().about(hold_id, patient_id=patient_id)
            return db.session.get_one(TakenInterval, hold_id)
        if patient_id is not None:
            bookable_patient(actor=actor, patient_id=patient_id, as_staff=as_staff)
        facts = judging.known_doctor(doctor_id, starts_at)
    raise judging.hours_changed()


def _require_room(actor: Actor) -> None:
    """Raise `TooManyHolds` where the actor holds enough; their own row is locked, so two requests count in turn."""
    db.session.execute(select(User.id).where(User.id == actor.user_id).with_for_update(key_share=True))
    of_actor = and_(_IS_HOLD, TakenInterval.held_by == actor.user_id, TakenInterval.expires_at > clock.now())
    held = db.session.scalar(select(func.count()).select_from(TakenInterval).where(of_actor)) or 0
    if held >= MOST_HOLDS:
        raise TooManyHolds


def redeem(
    *, actor: Actor | None, hold_id: uuid.UUID, doctor_id: uuid.UUID, starts_at: datetime, patient_id: uuid.UUID
) -> Held:
    """Take away the caller's hold so that its time is booked instead; of two with one hold the first gets it.

    What nobody holds but is for a patient, as an offer is, whoever books for that patient may use.
    """
    is_it = own = _TABLE.c.id == hold_id
    if actor is not None:
        for_patient = _TABLE.c.held_by.is_(None) & (_TABLE.c.patient_id == patient_id)
        own &= or_(_TABLE.c.held_by == actor.user_id, for_patient)
    found, entry = _taken_away(own), None
    if found is None:
        # The place on the list before its hold, the order in which an offer is answered.
        entry = _offered(hold_id, patient_id)
        own = is_it if entry is not None else own
        found = _taken_away(own) if entry is not None else None
    if found is None:
        lapsed = entry is not None or db.session.execute(select(_TABLE.c.id).where(_IS_HOLD, own)).first()
        raise HoldLapsed if lapsed else NotFound
    if found.doctor_id != doctor_id:
        raise refused("hold_id", "doctor_id", why="The hold is for another doctor.")
    if found.starts_at != starts_at:
        raise refused("hold_id", "starts_at", why="The hold is for another time.")
    if found.patient_id not in (None, patient_id):
        raise refused("hold_id", "patient_id", why="The hold is for another patient.")
    return Held(found.starts_at, found.ends_at, entry)


def redeem_own(
    *, actor: Actor | None, doctor_id: uuid.UUID, starts_at: datetime, minutes: int | None, patient_id: uuid.UUID
) -> Held | None:
    """Take away what holds exactly this time for the caller, or offers it to the patient; None where nothing does."""
    if actor is None:
        return None
    offered = select(_WAITS.c.offer_hold_id).where(_WAITS.c.patient_id == patient_id, _is_offered())
    length = None if minutes is None else starts_at + timedelta(minutes=minutes)
    stmt = select(_TABLE.c.id).where(
        _IS_HOLD,
        _TABLE.c.doctor_id == doctor_id,
        _TABLE.c.busy_from > starts_at - LONGEST_TAKEN,
        _TABLE.c.busy_from <= starts_at,
        _TABLE.c.starts_at == starts_at,
        _TABLE.c.expires_at > clock.now(),
        or_(_TABLE.c.held_by == actor.user_id, _TABLE.c.id.in_(offered)),
        or_(_TABLE.c.patient_id.is_(None), _TABLE.c.patient_id == patient_id),
        _TABLE.c.ends_at == length if length is not None else true(),
    )
    hold_id = db.session.scalar(stmt.order_by(_TABLE.c.id).limit(1))
    if hold_id is None:
        return None
    try:
        return redeem(actor=actor, hold_id=hold_id, doctor_id=doctor_id, starts_at=starts_at, patient_id=patient_id)
    except (HoldLapsed, NotFound):
        return None


def own_in_the_way(
    refusal: SlotTaken | PatientBusy,
    *,
    actor: Actor | None,
    doctor_id: uuid.UUID,
    starts_at: datetime,
    minutes: int | None,
    patient_id: uuid.UUID,
) -> Held:
    """Take away the caller's own hold, or the patient's offer, that a time was refused for; else raise the refusal."""
    held = None
    if refusal.by_hold:
        held = redeem_own(actor=actor, doctor_id=doctor_id, starts_at=starts_at, minutes=minutes, patient_id=patient_id)
    if held is None:
        raise refusal
    return held


def _taken_away(which: ColumnElement[bool]) -> Row[*tuple[Any, ...]] | None:
    columns = (_TABLE.c.doctor_id, _TABLE.c.patient_id, _TABLE.c.starts_at, _TABLE.c.ends_at)
    taken = delete(_TABLE).where(_IS_HOLD, which, _TABLE.c.expires_at > clock.now())
    return db.session.connection().execute(taken.returning(*columns)).first()


def _is_offered() -> ColumnElement[bool]:
    return _WAITS.c.status == WaitStatus.OFFERED


def _offered(hold_id: uuid.UUID, patient_id: uuid.UUID) -> WaitlistEntry | None:
    """Return the patient's place on the waiting list that a hold is offered to; nobody else answers it meanwhile."""
    is_it = (WaitlistEntry.patient_id == patient_id, WaitlistEntry.offer_hold_id == hold_id)
    stmt = select(WaitlistEntry).where(*is_it, _is_offered()).with_for_update()
    found: WaitlistEntry | None = db.session.scalar(stmt.execution_options(populate_existing=True))
    return found


def release(*, actor: Actor | None, hold_id: uuid.UUID) -> None:
    """Let a hold lapse; again, it changes nothing. Somebody else's is `NotFound`."""
    now = clock.now()
    own = _IS_HOLD & (_TABLE.c.id == hold_id)
    if actor is not None:
        own &= _TABLE.c.held_by == actor.user_id
    if db.session.execute(select(_TABLE.c.id).where(own)).first() is None:
        raise NotFound
    trails.current().about(hold_id)
    db.session.execute(update(_TABLE).where(own, _TABLE.c.expires_at > now).values(expires_at=now))


def release_for(patient_id: uuid.UUID) -> None:
    """Let everything lapse that is held for a patient."""
    now = clock.now()
    of_patient = _IS_HOLD & (_TABLE.c.patient_id == patient_id)
    db.session.execute(update(_TABLE).where(of_patient, _TABLE.c.expires_at > now).values(expires_at=now))


def drop_lapsed() -> int:
    """Delete the holds that lapsed a while ago; return how many."""
    lapsed = delete(_TABLE).where(_TABLE.c.expires_at < clock.now() - KEPT_LAPSED)
    return len(db.session.execute(lapsed.returning(_TABLE.c.id)).all())
