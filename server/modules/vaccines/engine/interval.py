"""Evaluate preferable and allowable intervals (Logic Specification, chapter 6)."""

from __future__ import annotations

from datetime import date

from server.modules.vaccines.engine.age import follows_early_dose, is_in_force
from server.modules.vaccines.engine.patient_series import PatientSeries
from server.modules.vaccines.engine.rules import Interval, SeriesDose


def intervals_on(target: SeriesDose, on: date) -> list[Interval]:
    """List the preferable intervals in force on a day."""
    return [one for one in target.intervals if is_in_force(on, one.effective_on, one.cessation_on)]


def reference_date(series: PatientSeries, interval: Interval) -> date | None:
    """Give the day from which an interval runs (rules CALCDTINT); None where there is no such dose."""
    if interval.from_previous:
        return series.previous.dose.given_on if series.previous else None
    if interval.from_target_dose is not None:
        dose = series.satisfied.get(interval.from_target_dose)
        return dose.given_on if dose else None
    wanted = interval.from_most_recent
    return next((one.dose.given_on for one in reversed(series.evaluated) if one.dose.cvx in wanted), None)


def is_far_enough(series: PatientSeries, target: SeriesDose, given_on: date) -> bool:
    """Say whether a dose keeps every preferable interval, or else every allowable one."""
    if all(_is_kept(series, one, given_on) for one in intervals_on(target, given_on)):
        return True
    allowable = [one for one in target.allowable_intervals if is_in_force(given_on, one.effective_on, one.cessation_on)]
    return bool(allowable) and all(_is_allowed(series, one, given_on) for one in allowable)


def _is_kept(series: PatientSeries, interval: Interval, given_on: date) -> bool:
    """Say whether one preferable interval is kept. The four days of grace are in the absolute minimum."""
    start = reference_date(series, interval)
    if start is None:
        return True
    if interval.absolute_minimum is not None and given_on < interval.absolute_minimum.after(start):
        return False
    is_in_grace = interval.minimum is not None and given_on < interval.minimum.after(start)
    return not (is_in_grace and follows_early_dose(series))


def _is_allowed(series: PatientSeries, interval: Interval, given_on: date) -> bool:
    """Say whether one allowable interval is kept."""
    start = reference_date(series, interval)
    if start is None or interval.absolute_minimum is None:
        return True
    return given_on >= interval.absolute_minimum.after(start)
