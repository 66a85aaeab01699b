"""Read one series of CDC's supporting data."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from server.modules.vaccines.engine.rules import (
    Age,
    Comparison,
    Condition,
    ConditionalSkip,
    ConditionKind,
    Context,
    Interval,
    Logic,
    Season,
    Series,
    SeriesDose,
    SkipSet,
    Vaccine,
)
from server.modules.vaccines.schedules.elements import codes, day, is_yes, length, need, word

_KINDS = {
    "age": ConditionKind.AGE,
    "interval": ConditionKind.INTERVAL,
    "vaccine count by age": ConditionKind.COUNT_BY_AGE,
    "vaccine count by date": ConditionKind.COUNT_BY_DATE,
    "completed series": ConditionKind.COMPLETED_SERIES,
}
_COMPARISONS = {
    "greater than": Comparison.GREATER,
    "equal to": Comparison.EQUAL,
    "less than": Comparison.LESS,
}
# Some series have no place in the order: they come last.
_LAST_PREFERENCE = 99


def read_series(element: Element) -> Series:
    """Read a series. ValueError where something is in no known form."""
    return Series(
        name=need(element, "seriesName"),
        antigen=need(element, "targetDisease"),
        vaccine_group=need(element, "vaccineGroup"),
        doses=tuple(_dose(one) for one in element.iterfind("seriesDose")),
        is_risk=need(element, "seriesType").lower() == "risk",
        genders=tuple((one.text or "").strip().lower() for one in element.iterfind("requiredGender") if one.text),
        is_default=is_yes(element, "selectSeries/defaultSeries"),
        is_product_path=is_yes(element, "selectSeries/productPath"),
        group=need(element, "selectSeries/seriesGroup"),
        priority=word(element, "selectSeries/seriesPriority") or "A",
        preference=int(word(element, "selectSeries/seriesPreference") or _LAST_PREFERENCE),
        min_age_to_start=length(element, "selectSeries/minAgeToStart"),
        max_age_to_start=length(element, "selectSeries/maxAgeToStart"),
    )


def _dose(element: Element) -> SeriesDose:
    """Read a target dose."""
    number = re.search(r"\d+", need(element, "doseNumber"))
    if number is None:
        raise ValueError(f"A dose without a number: {need(element, 'doseNumber')}")
    return SeriesDose(
        number=int(number.group()),
        ages=tuple(_age(one) for one in element.iterfind("age") if len(one)),
        intervals=tuple(_interval(one) for one in element.iterfind("interval") if _has_reference(one)),
        allowable_intervals=tuple(
            _interval(one) for one in element.iterfind("allowableInterval") if _has_reference(one)
        ),
        preferable_vaccines=tuple(_vaccine(one) for one in element.iterfind("preferableVaccine") if len(one)),
        allowable_vaccines=tuple(_vaccine(one) for one in element.iterfind("allowableVaccine") if len(one)),
        inadvertent_vaccines=tuple(need(one, "cvx") for one in element.iterfind("inadvertentVaccine") if len(one)),
        skips=tuple(_skip(one) for one in element.iterfind("conditionalSkip") if len(one)),
        is_recurring=is_yes(element, "recurringDose"),
        season=_season(element),
    )


def _age(element: Element) -> Age:
    """Read a rule of age."""
    return Age(
        absolute_minimum=length(element, "absMinAge"),
        minimum=length(element, "minAge"),
        earliest_recommended=length(element, "earliestRecAge"),
        latest_recommended=length(element, "latestRecAge"),
        maximum=length(element, "maxAge"),
        effective_on=day(element, "effectiveDate"),
        cessation_on=day(element, "cessationDate"),
    )


def _has_reference(element: Element) -> bool:
    """Say whether an interval runs from a dose; those that run from an observation only are not read."""
    return is_yes(element, "fromPrevious") or any(word(element, one) for one in ("fromTargetDose", "fromMostRecent"))


def _interval(element: Element) -> Interval:
    """Read an interval."""
    target = word(element, "fromTargetDose")
    return Interval(
        from_previous=is_yes(element, "fromPrevious"),
        from_target_dose=int(target) if target else None,
        from_most_recent=codes(element, "fromMostRecent"),
        absolute_minimum=length(element, "absMinInt"),
        minimum=length(element, "minInt"),
        earliest_recommended=length(element, "earliestRecInt"),
        latest_recommended=length(element, "latestRecInt"),
        is_override=word(element, "intervalPriority") == "override",
        effective_on=day(element, "effectiveDate"),
        cessation_on=day(element, "cessationDate"),
    )


def _vaccine(element: Element) -> Vaccine:
    """Read a vaccine that may be given."""
    return Vaccine(
        cvx=need(element, "cvx"),
        begin_age=length(element, "beginAge"),
        end_age=length(element, "endAge"),
        trade_name=word(element, "tradeName"),
    )


def _skip(element: Element) -> ConditionalSkip:
    """Read a conditional skip."""
    return ConditionalSkip(
        context=Context(need(element, "context").lower()),
        sets=tuple(_set(one) for one in element.iterfind("set")),
        logic=Logic((word(element, "setLogic") or Logic.OR).lower()),
    )


def _set(element: Element) -> SkipSet:
    """Read the conditions that count together."""
    return SkipSet(
        conditions=tuple(_condition(one) for one in element.iterfind("condition")),
        logic=Logic((word(element, "conditionLogic") or Logic.AND).lower()),
    )


def _condition(element: Element) -> Condition:
    """Read a condition. ValueError where its kind or comparison is a new one."""
    kind = need(element, "conditionType").lower()
    comparison = (word(element, "doseCountLogic") or "greater than").lower()
    if kind not in _KINDS or comparison not in _COMPARISONS:
        raise ValueError(f"An unknown condition: {kind}, {comparison}")
    return Condition(
        kind=_KINDS[kind],
        begin_age=length(element, "beginAge"),
        end_age=length(element, "endAge"),
        begin_on=day(element, "startDate"),
        end_on=day(element, "endDate"),
        interval=length(element, "interval"),
        dose_count=int(word(element, "doseCount") or 0),
        comparison=_COMPARISONS[comparison],
        only_valid=word(element, "doseType") == "Valid",
        vaccines=codes(element, "vaccineTypes"),
        series_groups=codes(element, "seriesGroups"),
    )


def _season(element: Element) -> Season | None:
    """Read the season of a dose."""
    season = Season(day(element, "seasonalRecommendation/startDate"), day(element, "seasonalRecommendation/endDate"))
    return season if season != Season() else None
