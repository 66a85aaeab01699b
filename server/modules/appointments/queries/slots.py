"""List free times, check one time, and find who is free on a day: a fixed number of statements for any range."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, or_, select

from server.core import clock
from server.core.access import Actor, Scope
from server.core.columns import NOW
from server.core.errors import NotFound
from server.modules.appointments.calendar.facts import Door, Facts
from server.modules.appointments.calendar.judge import judge, told
from server.modules.appointments.calendar.slots import Slot, TakenTime, free_slots
from server.modules.appointments.calendar.spans import DAY, Stretch, day_stretch
from server.modules.appointments.models import TakenInterval
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries.facts import LONGEST_VISIT, facts_of, facts_of_all
from server.modules.appointments.schemas.slots import bounds
from server.modules.patients.models import Patient

_WEEK = timedelta(days=6)
# How far a wall clock may be off from UTC, in either direction.
_FARTHEST_ZONE = timedelta(hours=16)

DoorOf = Callable[[Facts], Door]


def asked_range(query: Mapping[str, Any], first: date) -> tuple[date, date]:
    """Return the bounds that were asked for; what is not said is a week, from `first` on."""
    since = query.get("from") or first
    return since, query.get("to") or since + (7 * DAY if isinstance(since, datetime) else _WEEK)


def laid(zone: ZoneInfo, first: date, last: date) -> Stretch:
    """Return the real time between two bounds: dates are the zone's, and the last one is included."""
    return (
        first if isinstance(first, datetime) else day_stretch(zone, first)[0],
        last if isinstance(last, datetime) else day_stretch(zone, last)[1],
    )


def around(first: date, last: date) -> Stretch:
    """Return a range that holds the one between two bounds, whatever the zone."""
    since, until = bounds(first, last)
    return since - _FARTHEST_ZONE, until + _FARTHEST_ZONE


def free(connection: Connection, doctor_id: uuid.UUID, query: Mapping[str, Any], door_of: DoorOf) -> list[Slot]:
    """Return the free times of a doctor that this door lets through, or raise `NotFound`."""
    first, last = asked_range(query, clock.today())
    facts = facts_of(connection, doctor_id, *around(first, last), with_taken=True)
    if facts is None:
        raise NotFound
    minutes = query.get("duration_minutes", query.get("duration"))
    return free_slots(facts, *laid(facts.zone, first, last), minutes=minutes, door=door_of(facts))


def check(
    connection: Connection,
    actor: Actor,
    doctor_id: uuid.UUID,
    starts_at: datetime,
    *,
    minutes: int | None,
    door_of: DoorOf,
) -> list[dict[str, Any]]:
    """Return every reason against a visit, overlap included; of one's own appointments where one is a patient."""
    facts = facts_of(connection, doctor_id, starts_at, starts_at, with_taken=True)
    if facts is None:
        raise NotFound
    verdict = judge(facts, starts_at, ends_at=None, minutes=minutes, door=door_of(facts))
    reasons = told(verdict.reasons)
    busy_from = verdict.starts_at - timedelta(minutes=verdict.buffer_before)
    busy_to = verdict.ends_at + timedelta(minutes=verdict.buffer_after)
    if not TakenTime(facts.taken).seats_left(verdict.capacity, busy_from, busy_to):
        reasons.append(_told(SlotTaken))
    if Scope.OWN in actor.scopes(Perm.BOOK) and _is_busy(connection, actor, verdict.starts_at, verdict.ends_at):
        reasons.append(_told(PatientBusy))
    return reasons


def _told(refusal: type[SlotTaken | PatientBusy]) -> dict[str, Any]:
    return {"code": refusal.code, "message": refusal.default_message()}


def _is_busy(connection: Connection, actor: Actor, since: datetime, until: datetime) -> bool:
    """Whether the actor has an appointment as a patient at that time."""
    own = select(Patient.id).where(Patient.user_id == actor.user_id)
    taken = exists().where(
        TakenInterval.patient_id.in_(own),
        TakenInterval.starts_at > since - LONGEST_VISIT,
        TakenInterval.starts_at < until,
        TakenInterval.ends_at > since,
        or_(TakenInterval.expires_at.is_(None), TakenInterval.expires_at > NOW),
    )
    return bool(connection.scalar(select(taken)))


def free_among(connection: Connection, day: date, doctor_ids: Sequence[uuid.UUID], door: Door) -> set[uuid.UUID]:
    """Return who of these doctors has a free time on a local day; one statement, however many they are."""
    wanted = set(doctor_ids)
    return {
        facts.doctor_id
        for facts in facts_of_all(connection, *around(day, day))
        if facts.doctor_id in wanted and free_slots(facts, *day_stretch(facts.zone, day), minutes=None, door=door)
    }
