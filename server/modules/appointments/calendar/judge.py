"""Judge a time by every rule but overlap: the same code says which starts are listed and which may be booked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from server.modules.appointments.calendar.facts import Door, Facts, Hours, Span, Verdict
from server.modules.appointments.calendar.spans import Plan, meets, plan_of
from server.modules.appointments.enums import Reason

USUAL_MINUTES = 30
LONGEST_MINUTES = 480

_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        Reason.DOCTOR_INACTIVE: "The doctor takes no appointments.",
        Reason.IN_PAST: "That time is in the past.",
        Reason.TOO_SOON: "That is too soon to book.",
        Reason.TOO_FAR: "That is too far ahead to book.",
        Reason.HOLIDAY: "The clinic is closed on that day.",
        Reason.TIME_OFF: "The doctor is away at that time.",
        Reason.OUTSIDE_HOURS: "The doctor sees no patients at that time.",
        Reason.OFF_GRID: "That start or length is not offered; choose one of the listed times.",
    }
)


def told(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Return reasons as an answer gives them: `{code, message}` each."""
    return [{"code": str(reason), "message": _SENTENCES[reason]} for reason in reasons]


class Offer(NamedTuple):
    """A visit as one span of hours would have it; where spans overlap, the greatest by its first fields counts.

    Taken time has no say in it, so that a list and a booking always mean the same span.
    """

    can_be_had: bool
    starts_on_grid: bool
    capacity: int
    spare: int
    finer: int
    is_inside: bool
    is_listed: bool
    ends_at: datetime
    span: Span


def rank(offer: Offer) -> tuple[object, ...]:
    """Return by what one offer is preferred to another."""
    return offer[:5]


def minutes_of(facts: Facts, hours: Hours | None, minutes: int | None, *, on_grid: bool) -> int:
    """Return how long a visit is: as asked, else the doctor's usual length, else a slot.

    On the grid the usual length counts only where it is a whole number of slots.
    """
    if minutes is not None:
        return minutes
    slot, usual = hours.slot_minutes if hours else USUAL_MINUTES, facts.default_minutes
    return slot if usual is None or (hours and on_grid and usual % slot) else usual


def offer_of(
    plan: Plan,
    span: Span,
    starts_at: datetime,
    *,
    ends_at: datetime | None,
    minutes: int | None,
    on_grid: bool,
    open_until: datetime,
) -> Offer:
    """Say what one span makes of a visit that begins in it."""
    hours = span.hours
    slot = timedelta(minutes=hours.slot_minutes)
    if ends_at is None:
        ends_at = starts_at + timedelta(minutes=minutes_of(plan.facts, hours, minutes, on_grid=on_grid))
    starts_on_grid = not (starts_at - span.starts_at) % slot
    is_listed = not on_grid or (starts_on_grid and not (ends_at - starts_at) % slot)
    is_inside = ends_at <= open_until
    return Offer(
        can_be_had=is_inside and is_listed and not meets(plan.closed, starts_at, ends_at),
        starts_on_grid=starts_on_grid,
        capacity=hours.capacity if ends_at <= span.ends_at else _least_capacity(plan, span, ends_at),
        spare=-(hours.buffer_before + hours.buffer_after),
        finer=-hours.slot_minutes,
        is_inside=is_inside,
        is_listed=is_listed,
        ends_at=ends_at,
        span=span,
    )


def _least_capacity(plan: Plan, span: Span, ends_at: datetime) -> int:
    """Return the seats of a visit that goes on into the next spans: the fewest on its way, and one beyond all hours."""
    capacity, reached = span.hours.capacity, span.ends_at
    while reached < ends_at:
        going_on = [one for one in plan.spans if one.starts_at <= reached < one.ends_at]
        if not going_on:
            return 1
        widest = max(going_on, key=lambda one: (one.hours.capacity, one.ends_at))
        capacity, reached = min(capacity, widest.hours.capacity), widest.ends_at
    return capacity


def first_and_last(door: Door) -> tuple[datetime, datetime]:
    """Return the earliest and the latest start that a door lets through."""
    return door.now + timedelta(minutes=door.lead_minutes), door.now + timedelta(days=door.horizon_days)


def judge(facts: Facts, starts_at: datetime, *, ends_at: datetime | None, minutes: int | None, door: Door) -> Verdict:
    """Say every reason against a visit, overlap aside, and what time and seats it takes."""
    plan = plan_of(facts, starts_at, ends_at or starts_at + timedelta(minutes=minutes or LONGEST_MINUTES))
    offers = [
        offer_of(
            plan,
            span,
            starts_at,
            ends_at=ends_at,
            minutes=minutes,
            on_grid=door.on_grid,
            open_until=plan.open_until(starts_at),
        )
        for span in plan.spans
        if span.starts_at <= starts_at < span.ends_at
    ]
    offer = max(offers, key=rank, default=None)
    if offer is None:
        ends_at = ends_at or starts_at + timedelta(minutes=minutes_of(facts, None, minutes, on_grid=door.on_grid))
    else:
        ends_at = offer.ends_at
    hours = offer.span.hours if offer else None
    return Verdict(
        starts_at=starts_at,
        ends_at=ends_at,
        reasons=tuple(_reasons(plan, starts_at, ends_at, offer, door)),
        buffer_before=hours.buffer_before if hours else 0,
        buffer_after=hours.buffer_after if hours else 0,
        capacity=offer.capacity if offer else 1,
        location=hours.location if hours else None,
    )


def _reasons(plan: Plan, starts_at: datetime, ends_at: datetime, offer: Offer | None, door: Door) -> Iterator[Reason]:
    first, last = first_and_last(door)
    if not plan.facts.is_active:
        yield Reason.DOCTOR_INACTIVE
    if starts_at < door.now:
        yield Reason.IN_PAST
    elif starts_at < first:
        yield Reason.TOO_SOON
    if starts_at > last:
        yield Reason.TOO_FAR
    if meets(plan.holidays, starts_at, ends_at):
        yield Reason.HOLIDAY
    if meets(plan.leave, starts_at, ends_at):
        yield Reason.TIME_OFF
    if offer is None or not offer.is_inside:
        yield Reason.OUTSIDE_HOURS
    if offer is not None and not offer.is_listed:
        yield Reason.OFF_GRID
