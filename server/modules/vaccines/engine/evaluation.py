"""The whole of it: doses in, verdicts and forecasts out (Logic Specification, chapter 4, the processing model)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import date

from server.modules.vaccines.engine.facts import (
    Dose,
    Due,
    Evaluation,
    Person,
    Reason,
    SeriesStatus,
    Validity,
    Verdict,
)
from server.modules.vaccines.engine.forecast import Forecast, forecast
from server.modules.vaccines.engine.groups import due_in_group, verdict_in_group, verdict_over_groups
from server.modules.vaccines.engine.history import by_antigen, in_order
from server.modules.vaccines.engine.patient_series import Circumstances, Evaluated
from server.modules.vaccines.engine.rules import ConditionKind, Rules, Series
from server.modules.vaccines.engine.selection import best_series
from server.modules.vaccines.engine.target import evaluate_series


def evaluate(rules: Rules, person: Person, doses: Iterable[Dose], as_of: date) -> Evaluation:
    """Say of each dose whether it counts, and for each vaccine group when the next one is due as of a day."""
    given = list(doses)
    outside = {dose.id: reason for dose in given if (reason := _out_of_life(person, dose, as_of))}
    history = in_order(dose for dose in given if dose.id not in outside)
    around = Circumstances(rules, person, as_of, tuple(history))
    chosen = _choose(around, by_antigen(rules, person, history))
    due: list[Due] = []
    by_group: list[Verdict] = []
    for group in rules.groups:
        forecasts = [one for antigen in group.antigens for one in chosen.get(antigen, ())]
        if (line := due_in_group(group, forecasts, as_of)) is not None:
            due.append(line)
        by_group += [verdict_in_group(group, found) for found in _by_dose(forecasts).values()]
    return Evaluation([_verdict(dose, outside, by_group) for dose in given], due, [_told(one) for one in by_group])


def _out_of_life(person: Person, dose: Dose, as_of: date) -> Reason | None:
    """Say why a dose cannot have been given."""
    if dose.given_on < person.date_of_birth:
        return Reason.BEFORE_BIRTH
    return Reason.IN_FUTURE if dose.given_on > as_of else None


def _choose(around: Circumstances, doses: dict[str, list[Dose]]) -> dict[str, list[Forecast]]:
    """Evaluate and forecast all relevant series; choose the best of each antigen.

    Series that ask whether another one is complete come second.
    """
    forecasts: dict[str, list[Forecast]] = defaultdict(list)
    for series in sorted(around.rules.series, key=_asks_for_others):
        if not _is_relevant(series, around, has_doses=series.antigen in doses):
            continue
        one = forecast(evaluate_series(series, around, doses.get(series.antigen, ())))
        forecasts[series.antigen].append(one)
        if one.status == SeriesStatus.COMPLETE:
            around = replace(around, completed=around.completed | {(series.antigen, series.group)})
    return {antigen: best_series(found) for antigen, found in forecasts.items()}


def _is_relevant(series: Series, around: Circumstances, *, has_doses: bool) -> bool:
    """Say whether a series is for this person (Logic Specification, chapter 5).

    The chart holds no risks. But a dose against what only those at risk are vaccinated against (rabies) was given for
    one, so it is judged by their series; what is due next is not told by these.
    """
    sex = around.person.sex if around.person.sex in {"female", "male"} else "unknown"
    if series.genders and sex not in series.genders:
        return False
    return not series.is_risk or (has_doses and series.antigen not in around.rules.standard_antigens)


def _asks_for_others(series: Series) -> bool:
    """Say whether a series asks whether another one is complete."""
    return any(
        condition.kind == ConditionKind.COMPLETED_SERIES
        for dose in series.doses
        for skip in dose.skips
        for one in skip.sets
        for condition in one.conditions
    )


def _by_dose(forecasts: Iterable[Forecast]) -> dict[Hashable, list[Evaluated]]:
    """Gather what the chosen series make of each dose."""
    found: dict[Hashable, list[Evaluated]] = defaultdict(list)
    for one in forecasts:
        for evaluated in one.series.evaluated:
            found[evaluated.dose.id].append(evaluated)
    return found


def _verdict(dose: Dose, outside: dict[Hashable, Reason], by_group: Iterable[Verdict]) -> Verdict:
    """Give the one verdict of a dose."""
    if reason := outside.get(dose.id):
        return Verdict(dose.id, Validity.NOT_VALID, reason, None)
    found = [one for one in by_group if one.dose_id == dose.id]
    if found:
        return _told(verdict_over_groups(found))
    if dose.is_expired:
        return Verdict(dose.id, Validity.SUB_STANDARD, Reason.EXPIRED_LOT, None)
    # A vaccine that the schedule does not know counts towards nothing.
    return Verdict(dose.id, Validity.EXTRANEOUS, Reason.NOT_IN_SCHEDULE, None)


def _told(verdict: Verdict) -> Verdict:
    """Say of an early dose that it came too soon, by age or by interval alike."""
    is_early = verdict.reason is not None and Reason(verdict.reason).is_early
    return replace(verdict, reason=Reason.TOO_SOON) if is_early else verdict
