"""Forecast dates and reasons (Logic Specification, chapter 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from server.modules.vaccines.engine.age import age_on
from server.modules.vaccines.engine.conflict import conflict_ends_on
from server.modules.vaccines.engine.facts import Reason, SeriesStatus
from server.modules.vaccines.engine.interval import intervals_on, reference_date
from server.modules.vaccines.engine.patient_series import PatientSeries
from server.modules.vaccines.engine.periods import Period
from server.modules.vaccines.engine.rules import Age, Context, Interval, SeriesDose
from server.modules.vaccines.engine.skip import is_skipped


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a person stands in one series, and when its next dose is due; without dates its season is over."""

    series: PatientSeries
    status: SeriesStatus
    # The target dose that is forecast.
    target: SeriesDose | None = None
    earliest_on: date | None = None
    unadjusted_recommended_on: date | None = None
    unadjusted_past_due_on: date | None = None
    is_override: bool = False


def forecast(series: PatientSeries) -> Forecast:
    """Say where a person stands in a series as of a day, and when the next dose is due."""
    if _is_immune(series):
        return Forecast(series, SeriesStatus.IMMUNE)
    target = _next_target(series)
    if _is_season_over(series):
        return Forecast(series, SeriesStatus.NOT_COMPLETE, target=target)
    if target is None:
        return Forecast(series, SeriesStatus.COMPLETE if series.satisfied else SeriesStatus.NOT_RECOMMENDED)
    as_of = series.around.as_of
    earliest = earliest_date(series, target)
    age = age_on(target, as_of) or Age()
    last = _at(series, age.maximum)
    if last is not None and max(as_of, earliest) >= last:
        return Forecast(series, SeriesStatus.AGED_OUT)
    intervals = intervals_on(target, as_of)
    recommended = _at(series, age.earliest_recommended)
    recommended = recommended or _last_end(series, ((one, one.earliest_recommended) for one in intervals))
    latest = _at(series, age.latest_recommended)
    latest = latest or _last_end(series, ((one, one.latest_recommended) for one in intervals))
    return Forecast(
        series,
        SeriesStatus.NOT_COMPLETE,
        target=target,
        earliest_on=earliest,
        unadjusted_recommended_on=recommended or earliest,
        unadjusted_past_due_on=latest - timedelta(days=1) if latest is not None else None,
        is_override=any(one.is_override for one in intervals),
    )


def _next_target(series: PatientSeries) -> SeriesDose | None:
    """Give the target dose to forecast, past those that are skipped on the day it could be given."""
    for target in series.series.doses[series.position :]:
        on = max(series.around.as_of, earliest_date(series, target))
        if not is_skipped(series, target, Context.FORECAST, on):
            return target
    return None


def _is_season_over(series: PatientSeries) -> bool:
    """Say whether the rules are those of a season that is over: of the one now, complete or not, they know nothing."""
    ends = (dose.season.end_on for dose in series.series.doses if dose.season)
    return any(end is not None and end < series.around.as_of for end in ends)


def _is_immune(series: PatientSeries) -> bool:
    """Say whether a person is taken as immune by the day of birth.

    A rule that asks for the country of birth is not followed: it is not held.
    """
    return any(
        rule.antigen == series.series.antigen
        and rule.birth_country is None
        and series.person.date_of_birth < rule.born_before
        for rule in series.around.rules.immunity
    )


def earliest_date(series: PatientSeries, target: SeriesDose) -> date:
    """Give the first day on which a dose would count: age, intervals, live viruses, season, and mistakes made."""
    as_of = series.around.as_of
    age = age_on(target, as_of) or Age()
    candidates = (
        series.person.date_of_birth,
        _at(series, age.minimum),
        _last_end(series, ((one, one.minimum) for one in intervals_on(target, as_of))),
        conflict_ends_on(series.around, target),
        target.season.begin_on if target.season else None,
        *(one.dose.given_on for one in series.evaluated if one.reason is Reason.INADVERTENT_VACCINE),
    )
    return max(day for day in candidates if day is not None)


def _at(series: PatientSeries, age: Period | None) -> date | None:
    """Give the day on which a person reaches an age."""
    return age.after(series.person.date_of_birth) if age is not None else None


def _last_end(series: PatientSeries, intervals: Iterable[tuple[Interval, Period | None]]) -> date | None:
    """Give the day on which the last of some intervals is over; None where none runs."""
    found = [
        length.after(start)
        for interval, length in intervals
        if length is not None and (start := reference_date(series, interval)) is not None
    ]
    return max(found, default=None)
