"""Find the live bookings that a change of hours or leave would strand, and do with them as is asked.

The calendar is counted up before anybody looks: a booking that was judged by the older hours then finds another count
and is judged again, or was committed before and is found.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.refs import patient_ref, person_ref
from server.modules.appointments.calendar.facts import Door
from server.modules.appointments.calendar.judge import judge
from server.modules.appointments.enums import Party, Reason, Status
from server.modules.appointments.models import TakenInterval
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries.appointments import live_between
from server.modules.appointments.queries.facts import LONGEST_VISIT, facts_of
from server.modules.appointments.schemas.appointment import local_time
from server.modules.appointments.service import cancelling
from server.modules.doctors.enums import OnConflict
from server.modules.doctors.models import Doctor
from server.modules.doctors.service import calendar

# Only hours are asked about, not how soon or how far ahead.
_ANY_MINUTE = Door(datetime(1900, 1, 1, tzinfo=UTC), 0, 200_000, on_grid=False)
_EVER = datetime(2200, 1, 1, tzinfo=UTC)
WHY_CANCELLED = "provider_leave"


@contextmanager
def changing_hours(*, actor: Actor | None, doctor_id: uuid.UUID, on_conflict: str | None) -> Iterator[None]:
    """Let the block change a doctor's hours; then settle the coming bookings that had a seat in them and have no more.

    Who was booked outside the hours was so by somebody's decision, and is not asked about.
    """
    calendar.count_up(doctor_id=doctor_id)
    connection = db.session.connection()
    coming = unbegun(live_between(connection, doctor_id=doctor_id, since=clock.now(), until=_EVER))
    before = _seats_for(doctor_id, coming)
    yield
    db.session.flush()
    settle(actor=actor, lost=_lost(doctor_id, coming, before), on_conflict=on_conflict)


def keep_clock(
    _sender: object, *, doctor: Doctor, actor: Actor | None, was_timezone: str | None, on_conflict: str | None
) -> None:
    """Settle the coming bookings that had a seat in a doctor's hours by the former clock and have none by the new."""
    coming = unbegun(live_between(db.session.connection(), doctor_id=doctor.id, since=clock.now(), until=_EVER))
    before = _seats_for(doctor.id, coming, ZoneInfo(was_timezone) if was_timezone else clock.clinic_zone())
    settle(actor=actor, lost=_lost(doctor.id, coming, before), on_conflict=on_conflict)


def _lost(doctor_id: uuid.UUID, coming: Sequence[Row[Any]], before: Mapping[uuid.UUID, int]) -> list[Row[Any]]:
    """Return the bookings that had a seat before and have none now."""
    after, seat_of = _seats_for(doctor_id, coming), _seats_of(doctor_id, coming)
    return [one for one in coming if before[one.id] > seat_of.get(one.id, 0) >= after[one.id]]


def _seats_for(
    doctor_id: uuid.UUID, bookings: Sequence[Row[Any]], zone: ZoneInfo | None = None
) -> dict[uuid.UUID, int]:
    """Return how many seats the doctor's hours have at the time of each of these bookings; none outside of them.

    `zone` is by whose clock, where not by the doctor's own.
    """
    if not bookings:
        return {}
    since, until = bookings[0].starts_at, max(one.ends_at for one in bookings)
    facts = facts_of(db.session.connection(), doctor_id, since, until, with_taken=False)
    if facts is None:
        return dict.fromkeys((one.id for one in bookings), 0)
    facts, found = replace(facts, zone=zone or facts.zone), {}
    for one in bookings:
        verdict = judge(facts, one.starts_at, ends_at=one.ends_at, minutes=None, door=_ANY_MINUTE)
        found[one.id] = 0 if Reason.OUTSIDE_HOURS in verdict.reasons else verdict.capacity
    return found


def _seats_of(doctor_id: uuid.UUID, bookings: Sequence[Row[Any]]) -> dict[uuid.UUID, int]:
    """Return which seat each of these bookings has taken, where it is not the first."""
    if not bookings:
        return {}
    stmt = select(TakenInterval.appointment_id, TakenInterval.seat).where(
        TakenInterval.doctor_id == doctor_id, TakenInterval.busy_to > bookings[0].starts_at, TakenInterval.seat > 0
    )
    return {appointment_id: seat for appointment_id, seat in db.session.execute(stmt) if appointment_id is not None}


def in_the_way(*, doctor_id: uuid.UUID | None, since: datetime, until: datetime) -> list[Row[Any]]:
    """Return the live bookings, of one doctor or of all, that overlap a time, have not begun and are not over."""
    since = max(since, clock.now())
    found = live_between(db.session.connection(), doctor_id=doctor_id, since=since - LONGEST_VISIT, until=until)
    return [one for one in unbegun(found) if one.ends_at > since]


def unbegun(bookings: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the bookings whose patient is not with the doctor already."""
    return [one for one in bookings if one.status != Status.IN_PROGRESS]


def settle(
    *,
    actor: Actor | None,
    lost: Sequence[Row[Any]],
    on_conflict: str | None,
    reason: str = WHY_CANCELLED,
    party: Party = Party.PROVIDER,
) -> None:
    """Refuse, cancel or keep the bookings that lose their time; refuse where it was not said."""
    if not lost or on_conflict == OnConflict.KEEP:
        return
    if on_conflict != OnConflict.CANCEL:
        trails.current().listed(one.id for one in lost)
        raise calendar.HasBookings(appointments=listed(actor, lost))
    ids = [one.id for one in lost]
    cancelling.cancel_many(actor=actor, appointment_ids=ids, reason=reason, party=party)


def listed(actor: Actor | None, bookings: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Return bookings as a refusal lists them; whose they are is told to those who read appointments."""
    tells_whom = actor is None or actor.can(Perm.READ)
    return [
        {
            "id": one.id,
            "doctor": person_ref(one.doctor_id, one.doctor_first_name, one.doctor_last_name),
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "local_start": local_time(one.starts_at, one.doctor_timezone),
            "status": one.status,
            "type": one.type,
            **({"patient": _patient_of(one)} if tells_whom else {}),
        }
        for one in bookings
    ]


def _patient_of(booking: Row[Any]) -> dict[str, Any]:
    return patient_ref(booking.patient_id, booking.patient_first_name, booking.patient_last_name, booking.patient_mrn)
