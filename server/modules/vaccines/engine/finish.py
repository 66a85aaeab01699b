"""When a series could be finished, were each dose given as early as it may (Logic Specification, chapter 8)."""

from __future__ import annotations

from datetime import date

from server.modules.vaccines.engine.age import age_on
from server.modules.vaccines.engine.forecast import Forecast
from server.modules.vaccines.engine.interval import intervals_on
from server.modules.vaccines.engine.rules import Interval, SeriesDose


def finish_date(one: Forecast) -> date | None:
    """Give the day of the last dose; None where the series is not to be finished in time."""
    if one.target is None or one.earliest_on is None:
        return None
    as_of = one.series.around.as_of
    given = {number: dose.given_on for number, dose in one.series.satisfied.items()}
    previous = max(as_of, one.earliest_on)
    given[one.target.number] = previous
    for target in one.series.series.doses:
        if target.number > one.target.number:
            previous = max(previous, *_starts(one, target, given, previous))
            given[target.number] = previous
            age = age_on(target, as_of)
            if age and age.maximum and previous >= age.maximum.after(one.series.person.date_of_birth):
                return None
    return previous


def _starts(one: Forecast, target: SeriesDose, given: dict[int, date], previous: date) -> list[date]:
    """List the days before which a later target dose may not be given."""
    as_of = one.series.around.as_of
    age = age_on(target, as_of)
    found = [age.minimum.after(one.series.person.date_of_birth)] if age and age.minimum else []
    for interval in intervals_on(target, as_of):
        start = _reference(interval, given, previous)
        if start is not None and interval.minimum is not None:
            found.append(interval.minimum.after(start))
    return found or [previous]


def _reference(interval: Interval, given: dict[int, date], previous: date) -> date | None:
    """Give the day from which an interval would run."""
    if interval.from_previous:
        return previous
    return given.get(interval.from_target_dose) if interval.from_target_dose is not None else None
