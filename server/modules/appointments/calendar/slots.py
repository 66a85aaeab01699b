"""List the free starts of a doctor: lay the grid, keep what may be booked, and sweep over what is taken."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.modules.appointments.calendar.facts import Door, Facts, Span, Taken
from server.modules.appointments.calendar.judge import (
    LONGEST_MINUTES,
    Offer,
    first_and_last,
    minutes_of,
    offer_of,
    rank,
)
from server.modules.appointments.calendar.spans import Plan, meets, plan_of


@dataclass(frozen=True, slots=True)
class Slot:
    """A visit that can be booked as it stands here, and how many of it."""

    starts_at: datetime
    ends_at: datetime
    local_start: datetime
    remaining: int


class TakenTime:
    """What is taken of a doctor's seats, in order, so that one search finds what meets a time."""

    def __init__(self, taken: Sequence[Taken]) -> None:
        self._taken = sorted(taken, key=lambda one: one.busy_from)
        self._starts = [one.busy_from for one in self._taken]
        self._longest = max((one.busy_to - one.busy_from for one in taken), default=timedelta())

    def seats_left(self, capacity: int, busy_from: datetime, busy_to: datetime) -> int:
        """Return how many seats are free for all of a time; kept bookings of higher seats count as much as others."""
        low = bisect_left(self._starts, busy_from - self._longest)
        high = bisect_left(self._starts, busy_to, low)
        if low == high:
            return capacity
        gone = {one.seat for one in self._taken[low:high] if one.busy_to > busy_from}
        return max(0, capacity - len(gone))


def free_slots(facts: Facts, since: datetime, until: datetime, *, minutes: int | None, door: Door) -> list[Slot]:
    """Return every listed start from `since` until before `until` that this door lets through and has a seat left."""
    first, last = first_and_last(door)
    since, until = max(since, first), min(until, last + timedelta(microseconds=1))
    if since >= until or not facts.is_active:
        return []
    plan = plan_of(facts, since, until + timedelta(minutes=LONGEST_MINUTES))
    taken = TakenTime(facts.taken)
    found = []
    for starts_at, offer in sorted(_offers(plan, since, until, minutes, door).items()):
        hours = offer.span.hours
        busy_from = starts_at - timedelta(minutes=hours.buffer_before) if hours.buffer_before else starts_at
        busy_to = offer.ends_at + timedelta(minutes=hours.buffer_after) if hours.buffer_after else offer.ends_at
        remaining = taken.seats_left(offer.capacity, busy_from, busy_to)
        if remaining > 0:
            found.append(Slot(starts_at, offer.ends_at, starts_at.astimezone(facts.zone), remaining))
    return found


def _offers(plan: Plan, since: datetime, until: datetime, minutes: int | None, door: Door) -> dict[datetime, Offer]:
    """Return what can be had at each start of the grid; where spans overlap, from the one that a booking would take."""
    found: dict[datetime, Offer] = {}
    for span in plan.spans:
        hours, open_until = span.hours, plan.open_until(span.starts_at)
        length = minutes_of(plan.facts, hours, minutes, on_grid=door.on_grid)
        if door.on_grid and length % hours.slot_minutes:
            continue
        # What lies within one span and meets no absence needs no second look.
        whole_until = span.starts_at if meets(plan.closed, span.starts_at, span.ends_at) else span.ends_at
        plain = (hours.capacity, -(hours.buffer_before + hours.buffer_after), -hours.slot_minutes)
        lasting = timedelta(minutes=length)
        for starts_at in _grid(span, since, until):
            ends_at = starts_at + lasting
            if ends_at <= whole_until:
                offer = Offer(True, True, *plain, True, True, ends_at, span)
            else:
                offer = offer_of(
                    plan, span, starts_at, ends_at=ends_at, minutes=None, on_grid=door.on_grid, open_until=open_until
                )
            if offer.can_be_had and (starts_at not in found or rank(offer) > rank(found[starts_at])):
                found[starts_at] = offer
    return found


def _grid(span: Span, since: datetime, until: datetime) -> Iterator[datetime]:
    slot = timedelta(minutes=span.hours.slot_minutes)
    skipped = max(0, -((span.starts_at - since) // slot))
    starts_at, end = span.starts_at + skipped * slot, min(span.ends_at, until)
    while starts_at < end:
        yield starts_at
        starts_at += slot
