"""Select the best patient series (Logic Specification, chapter 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import groupby

from server.modules.vaccines.engine.facts import SeriesStatus
from server.modules.vaccines.engine.finish import finish_date
from server.modules.vaccines.engine.forecast import Forecast

Score = Callable[[Sequence[Forecast]], list[int]]


def best_series(forecasts: Iterable[Forecast]) -> list[Forecast]:
    """Choose one series of each series group of an antigen."""
    ordered = sorted(forecasts, key=lambda one: one.series.series.group)
    return [prioritized(list(group)) for _, group in groupby(ordered, key=lambda one: one.series.series.group)]


def prioritized(forecasts: list[Forecast]) -> Forecast:
    """Choose among the series of one group: complete before begun before not begun, then by score.

    Where it is too late to begin any, the one chosen is aged out.
    """
    candidates = _scorable(forecasts)
    if all(exceeds_age_to_start(one) and not one.series.satisfied for one in candidates):
        chosen = min(candidates, key=lambda one: one.series.series.preference)
        return Forecast(chosen.series, SeriesStatus.AGED_OUT) if chosen.target is not None else chosen
    for name, is_one in (("complete", _is_complete), ("in_process", _is_in_process)):
        found = [one for one in candidates if is_one(one)]
        if found:
            return _highest(found, _RULES[name])
    default = [one for one in candidates if one.series.series.is_default]
    return default[0] if len(default) == 1 else _highest(candidates, _RULES["no_valid_doses"])


def _scorable(forecasts: list[Forecast]) -> list[Forecast]:
    """Leave out the series that one begins too late for, and those of lower priority (pre-filter)."""
    first = min(one.series.series.priority for one in forecasts)
    candidates = [one for one in forecasts if one.series.series.priority == first]
    return [one for one in candidates if _is_complete(one) or not exceeds_age_to_start(one)] or candidates


def exceeds_age_to_start(one: Forecast) -> bool:
    """Say whether the series was, or would be, begun past its last age to start."""
    last = one.series.series.max_age_to_start
    if last is None:
        return False
    valid = one.series.valid
    begun_on = valid[0].dose.given_on if valid else one.series.around.as_of
    return begun_on >= last.after(one.series.person.date_of_birth)


def _highest(forecasts: list[Forecast], rules: Sequence[Score]) -> Forecast:
    """Choose the highest score; the preference of the schedule decides between equals."""
    scores = [sum(points) for points in zip(*(rule(forecasts) for rule in rules), strict=True)]
    ranked = zip(scores, forecasts, strict=True)
    return min(ranked, key=lambda pair: (-pair[0], pair[1].series.series.preference))[1]


def _is_complete(one: Forecast) -> bool:
    return one.status == SeriesStatus.COMPLETE


def _is_in_process(one: Forecast) -> bool:
    return bool(one.series.satisfied)


def _yes_or_no(is_so: Callable[[Forecast], bool], points: int) -> Score:
    """Score what is so or is not."""
    return lambda forecasts: [points if is_so(one) else -points for one in forecasts]


def _foremost(measure: Callable[[Forecast], float], points: int) -> Score:
    """Score the one that measures most; nothing for those that share the first place."""

    def score(forecasts: Sequence[Forecast]) -> list[int]:
        measures = [measure(one) for one in forecasts]
        most = max(measures)
        tied = measures.count(most) > 1
        return [-points if one < most else 0 if tied else points for one in measures]

    return score


def _is_product_with_all_valid(one: Forecast) -> bool:
    """Say whether the series is one of a product, and every dose counts in it."""
    return one.series.series.is_product_path and len(one.series.valid) == len(one.series.evaluated)


def _is_completable(one: Forecast) -> bool:
    """Say whether the series can still be finished."""
    return finish_date(one) is not None


def _left(one: Forecast) -> int:
    """Count the target doses that are left."""
    return len(one.series.series.doses) - one.series.position


def _start(one: Forecast) -> date | None:
    """Give the day on which the series could go on, today at the earliest."""
    return max(one.earliest_on, one.series.around.as_of) if one.earliest_on else None


def _early(day: date | None) -> float:
    """Measure how early a day is."""
    return -(day or date.max).toordinal()


_RULES: dict[str, Sequence[Score]] = {
    "complete": (
        _foremost(lambda one: len(one.series.valid), 1),
        _yes_or_no(_is_product_with_all_valid, 1),
        _foremost(lambda one: _early(one.series.valid[-1].dose.given_on), 1),
    ),
    "in_process": (
        _yes_or_no(_is_product_with_all_valid, 2),
        _yes_or_no(_is_completable, 3),
        _foremost(lambda one: len(one.series.valid), 2),
        _foremost(lambda one: -_left(one), 2),
        _foremost(lambda one: _early(finish_date(one)), 1),
    ),
    "no_valid_doses": (
        _foremost(lambda one: _early(_start(one)), 1),
        _yes_or_no(_is_completable, 1),
        _yes_or_no(lambda one: not one.series.series.is_product_path, 1),
        _yes_or_no(lambda one: not exceeds_age_to_start(one), 1),
    ),
}
