"""Lay a doctor's hours and absences on the line of real time, by the doctor's own wall clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from server.modules.appointments.calendar.facts import Facts, Hours, Span
from server.modules.appointments.enums import OverrideKind

Stretch = tuple[datetime, datetime]

DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=8192)
def instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """Return when a wall clock shows a minute of a day: the first time, or the end of the gap that leaves it out."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    by_offset_before = shown.replace(tzinfo=zone).astimezone(UTC)
    if by_offset_before.astimezone(zone).replace(tzinfo=None) == shown:
        return by_offset_before
    # The clocks leave this minute out; they change somewhere between the two readings of it.
    low, high = shown.replace(tzinfo=zone, fold=1).astimezone(UTC), by_offset_before
    offset = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def local_day(zone: ZoneInfo, at: datetime) -> date:
    """Return the date on the wall clock at an instant."""
    return at.astimezone(zone).date()


def day_stretch(zone: ZoneInfo, day: date) -> Stretch:
    """Return a local day in real time; on the days that clocks change it has not 24 hours."""
    return instant(zone, day, 0), instant(zone, day + DAY, 0)


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield each day from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def spans(facts: Facts, first_day: date, last_day: date) -> list[Span]:
    """Return the hours that begin on these local days, in order; holidays and leave are not cut out here."""
    found = [
        Span(starts_at, ends_at, hours)
        for day in days_between(first_day, last_day)
        for hours in _hours_of(facts, day)
        for starts_at, ends_at in [_laid(facts.zone, day, hours)]
        if starts_at < ends_at
    ]
    return sorted(found, key=lambda span: span.starts_at)


def _hours_of(facts: Facts, day: date) -> list[Hours]:
    own = [entry for entry in facts.dates if entry.held_on == day]
    hours = [hours for entry in own for hours in entry.hours]
    if all(entry.kind == OverrideKind.EXTRA for entry in own):
        hours += [
            entry.hours
            for entry in facts.weekly
            if entry.weekday == day.weekday()
            and (entry.valid_from is None or entry.valid_from <= day)
            and (entry.valid_to is None or day <= entry.valid_to)
        ]
    return hours


def _laid(zone: ZoneInfo, day: date, hours: Hours) -> Stretch:
    last_day = day if hours.end_minute > hours.start_minute else day + DAY
    return instant(zone, day, hours.start_minute), instant(zone, last_day, hours.end_minute)


def holidays(facts: Facts, first_day: date, last_day: date) -> list[Stretch]:
    """Return the holidays among these local days as stretches of real time."""
    return merged(day_stretch(facts.zone, day) for day in facts.holidays if first_day <= day <= last_day)


def closed(facts: Facts, first_day: date, last_day: date) -> list[Stretch]:
    """Return when nobody is seen on these local days, whatever the hours: leave and holidays."""
    begin, end = day_stretch(facts.zone, first_day)[0], day_stretch(facts.zone, last_day)[1]
    away = [(max(since, begin), min(until, end)) for since, until in facts.leave if since < end and until > begin]
    return merged([*away, *holidays(facts, first_day, last_day)])


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return stretches in order, those that overlap or touch made one."""
    found: list[Stretch] = []
    for since, until in sorted(stretches):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        elif since < until:
            found.append((since, until))
    return found


def meets(stretches: Sequence[Stretch], since: datetime, until: datetime) -> bool:
    """Whether a time overlaps one of these merged stretches; touching is not overlapping."""
    if not stretches:
        return False
    before = bisect_right(stretches, since, key=lambda stretch: stretch[0])
    if before and stretches[before - 1][1] > since:
        return True
    return before < len(stretches) and stretches[before][0] < until


@dataclass(frozen=True, slots=True)
class Plan:
    """A doctor's time around a range, laid out once: spans, where they hang together, and when nobody is seen."""

    facts: Facts
    spans: Sequence[Span]
    open: Sequence[Stretch]
    leave: Sequence[Stretch]
    holidays: Sequence[Stretch]
    closed: Sequence[Stretch]

    def open_until(self, at: datetime) -> datetime:
        """Return until when hours go on from an instant within them, across spans that touch or overlap."""
        return self.open[bisect_right(self.open, at, key=lambda stretch: stretch[0]) - 1][1]


def plan_of(facts: Facts, since: datetime, until: datetime) -> Plan:
    """Lay out a doctor's time for visits that lie within a range."""
    # Hours of the day before may run into the first day, and those of the last day into the one after.
    first, last = local_day(facts.zone, since) - DAY, local_day(facts.zone, until)
    opened = spans(facts, first, last)
    leave, free_days = merged(facts.leave), holidays(facts, first, last + DAY)
    return Plan(
        facts=facts,
        spans=opened,
        open=merged((span.starts_at, span.ends_at) for span in opened),
        leave=leave,
        holidays=free_days,
        closed=merged([*leave, *free_days]),
    )
