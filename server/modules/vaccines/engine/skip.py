"""Evaluate conditional skip (Logic Specification, chapter 6 for doses, chapter 7 for the forecast)."""

from __future__ import annotations

from datetime import date

from server.modules.vaccines.engine.facts import Validity
from server.modules.vaccines.engine.history import is_at_age
from server.modules.vaccines.engine.patient_series import Evaluated, PatientSeries
from server.modules.vaccines.engine.periods import Period
from server.modules.vaccines.engine.rules import (
    Comparison,
    Condition,
    ConditionalSkip,
    ConditionKind,
    Context,
    Logic,
    SeriesDose,
    SkipSet,
)


def is_skipped(series: PatientSeries, target: SeriesDose, context: Context, on: date) -> bool:
    """Say whether a target dose is passed over: for a dose given on a day, or in the forecast for a day."""
    asked = (skip for skip in target.skips if skip.context in {context, Context.BOTH})
    return any(_holds(series, skip, on) for skip in asked)


def _holds(series: PatientSeries, skip: ConditionalSkip, on: date) -> bool:
    """Put the sets of a skip together."""
    return _together(skip.logic, [_set_holds(series, one, on) for one in skip.sets])


def _set_holds(series: PatientSeries, one: SkipSet, on: date) -> bool:
    """Put the conditions of a set together."""
    return _together(one.logic, [_is_met(series, condition, on) for condition in one.conditions])


def _together(logic: Logic, answers: list[bool]) -> bool:
    """Join answers."""
    return all(answers) if logic == Logic.AND else any(answers)


def _is_met(series: PatientSeries, condition: Condition, on: date) -> bool:
    """Ask one condition."""
    match condition.kind:
        case ConditionKind.AGE:
            return is_at_age(series.person, on, condition.begin_age, condition.end_age)
        case ConditionKind.INTERVAL:
            return _is_over(series.previous, condition.interval, on)
        case ConditionKind.COMPLETED_SERIES:
            done = {group for antigen, group in series.around.completed if antigen == series.series.antigen}
            return not done.isdisjoint(condition.series_groups)
        case ConditionKind.COUNT_BY_AGE | ConditionKind.COUNT_BY_DATE:
            return _compares(condition, sum(_is_counted(series, condition, one) for one in series.evaluated))


def _is_over(previous: Evaluated | None, interval: Period | None, on: date) -> bool:
    """Say whether an interval since the previous dose is over."""
    return previous is not None and interval is not None and on >= interval.after(previous.dose.given_on)


def _is_counted(series: PatientSeries, condition: Condition, one: Evaluated) -> bool:
    """Say whether a dose is one of those that a condition counts (rule CONDSKIP-1)."""
    given_on = one.dose.given_on
    if condition.vaccines and one.dose.cvx not in condition.vaccines:
        return False
    if condition.only_valid and one.validity != Validity.VALID:
        return False
    if condition.begin_on is not None and given_on < condition.begin_on:
        return False
    if condition.end_on is not None and given_on >= condition.end_on:
        return False
    return is_at_age(series.person, given_on, condition.begin_age, condition.end_age)


def _compares(condition: Condition, number: int) -> bool:
    """Compare a number of doses."""
    match condition.comparison:
        case Comparison.GREATER:
            return number > condition.dose_count
        case Comparison.LESS:
            return number < condition.dose_count
        case Comparison.EQUAL:
            return number == condition.dose_count
