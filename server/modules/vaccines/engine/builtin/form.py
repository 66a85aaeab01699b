"""How the built-in series are written down: short words for the rules that they use."""

from __future__ import annotations

from dataclasses import replace

from server.modules.vaccines.engine.builtin.codes import CODES, GROUP_OF
from server.modules.vaccines.engine.periods import Period, period
from server.modules.vaccines.engine.rules import (
    Age,
    Comparison,
    Condition,
    ConditionalSkip,
    ConditionKind,
    Context,
    Interval,
    Logic,
    Series,
    SeriesDose,
    SkipSet,
    Vaccine,
)


def series(
    name: str,
    antigen: str,
    doses: tuple[SeriesDose, ...],
    *,
    preference: int = 1,
    is_product: bool = False,
    before: str | None = None,
    from_age: str | None = None,
    group: str = "1",
) -> Series:
    """Make a series; doses that name no vaccine take every code of the antigen."""
    every = tuple(Vaccine(cvx) for cvx in CODES[antigen])
    return Series(
        name=name,
        antigen=antigen,
        vaccine_group=GROUP_OF[antigen],
        doses=tuple(one if one.preferable_vaccines else replace(one, preferable_vaccines=every) for one in doses),
        is_default=preference == 1,
        is_product_path=is_product,
        group=group,
        preference=preference,
        min_age_to_start=_period(from_age),
        max_age_to_start=_period(before),
    )


def dose(
    number: int,
    age: Age | None,
    *intervals: Interval,
    vaccines: tuple[str, ...] = (),
    allowed: Interval | None = None,
    skips: tuple[ConditionalSkip, ...] = (),
    is_recurring: bool = False,
) -> SeriesDose:
    """Make a target dose."""
    return SeriesDose(
        number=number,
        ages=(age,) if age else (),
        intervals=intervals,
        allowable_intervals=(allowed,) if allowed else (),
        preferable_vaccines=tuple(Vaccine(cvx) for cvx in vaccines),
        skips=skips,
        is_recurring=is_recurring,
    )


def at(
    absolute: str | None = None,
    minimum: str | None = None,
    earliest: str | None = None,
    latest: str | None = None,
    until: str | None = None,
) -> Age:
    """Make a rule of age: the minimum with grace and without, the recommended range, the first age too old."""
    return Age(_period(absolute), _period(minimum), _period(earliest), _period(latest), _period(until))


def after(minimum: str, recommended: str | None = None, *, of: int | None = None) -> Interval:
    """Make an interval from the previous dose, or from a target dose, with four days of grace."""
    grace = minimum if minimum == "0 days" else f"{minimum} - 4 days"
    return Interval(
        from_previous=of is None,
        from_target_dose=of,
        absolute_minimum=period(grace),
        minimum=period(minimum),
        earliest_recommended=_period(recommended),
    )


def skip_from_age(age: str, context: Context = Context.BOTH) -> ConditionalSkip:
    """Make a skip for those who have reached an age."""
    condition = Condition(ConditionKind.AGE, begin_age=period(age))
    return ConditionalSkip(context, (SkipSet((condition,)),))


def not_due_unless_begun(age: str) -> ConditionalSkip:
    """Make a skip that recommends no dose to those who reached an age without any; a dose that they get counts."""
    conditions = (
        Condition(ConditionKind.AGE, begin_age=period(age)),
        Condition(ConditionKind.COUNT_BY_AGE, comparison=Comparison.EQUAL, only_valid=True),
    )
    return ConditionalSkip(Context.FORECAST, (SkipSet(conditions),))


def skips_once_apart(interval: str) -> tuple[ConditionalSkip, ...]:
    """Make skips for a dose that only those need who were given the one before it early."""
    had_two = Condition(ConditionKind.COUNT_BY_AGE, dose_count=1)
    given, forecast = (
        SkipSet((Condition(ConditionKind.INTERVAL, interval=period(text)), had_two), Logic.OR)
        for text in (f"{interval} - 4 days", interval)
    )
    return ConditionalSkip(Context.EVALUATION, (given,)), ConditionalSkip(Context.FORECAST, (forecast,))


def skip_with_valid_dose_from(age: str) -> ConditionalSkip:
    """Make a skip for those who had a dose that counts at an age."""
    condition = Condition(ConditionKind.COUNT_BY_AGE, begin_age=period(age), only_valid=True)
    return ConditionalSkip(Context.BOTH, (SkipSet((condition,)),))


def _period(text: str | None) -> Period | None:
    """Read a length of time, or none."""
    return period(text) if text is not None else None
