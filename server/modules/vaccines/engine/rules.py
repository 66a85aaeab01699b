"""The rules of a schedule: antigens, series, target doses and what each asks for.

The form and the words are those of CDC's CDSi supporting data; CDC's rules and the built-in ones fill the same form.
A missing age or interval asks for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from server.modules.vaccines.engine.periods import Period


class Logic(StrEnum):
    """How sets or conditions are put together."""

    AND = "and"
    OR = "or"


class Context(StrEnum):
    """When a conditional skip is asked for."""

    EVALUATION = "evaluation"
    FORECAST = "forecast"
    BOTH = "both"


class ConditionKind(StrEnum):
    """What a condition of a conditional skip looks at."""

    AGE = "age"
    INTERVAL = "interval"
    COUNT_BY_AGE = "count_by_age"
    COUNT_BY_DATE = "count_by_date"
    COMPLETED_SERIES = "completed_series"


class Comparison(StrEnum):
    """How a number of doses is compared."""

    GREATER = "greater"
    EQUAL = "equal"
    LESS = "less"


@dataclass(frozen=True, slots=True)
class Age:
    """At which ages a dose counts and is recommended (in force from `effective_on` to `cessation_on`)."""

    absolute_minimum: Period | None = None
    minimum: Period | None = None
    earliest_recommended: Period | None = None
    latest_recommended: Period | None = None
    # The first age that is too old.
    maximum: Period | None = None
    effective_on: date | None = None
    cessation_on: date | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """How long after another dose a dose counts and is recommended."""

    from_previous: bool = False
    from_target_dose: int | None = None
    # CVX codes: the most recent dose of one of these.
    from_most_recent: tuple[str, ...] = ()
    absolute_minimum: Period | None = None
    minimum: Period | None = None
    earliest_recommended: Period | None = None
    latest_recommended: Period | None = None
    # In a group of several antigens this interval decides over others' recommendations.
    is_override: bool = False
    effective_on: date | None = None
    cessation_on: date | None = None


@dataclass(frozen=True, slots=True)
class Vaccine:
    """A vaccine that may be given for a target dose, and at which ages."""

    cvx: str
    begin_age: Period | None = None
    end_age: Period | None = None
    # Some rules ask for one product of a code.
    trade_name: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a conditional skip."""

    kind: ConditionKind
    begin_age: Period | None = None
    end_age: Period | None = None
    begin_on: date | None = None
    end_on: date | None = None
    interval: Period | None = None
    dose_count: int = 0
    comparison: Comparison = Comparison.GREATER
    only_valid: bool = False
    # CVX codes; none stands for any.
    vaccines: tuple[str, ...] = ()
    series_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkipSet:
    """Conditions that count together."""

    conditions: tuple[Condition, ...]
    logic: Logic = Logic.AND


@dataclass(frozen=True, slots=True)
class ConditionalSkip:
    """When a target dose is passed over."""

    context: Context
    sets: tuple[SkipSet, ...]
    logic: Logic = Logic.OR


@dataclass(frozen=True, slots=True)
class Season:
    """The days of the year of one season, both included."""

    begin_on: date | None = None
    end_on: date | None = None


@dataclass(frozen=True, slots=True)
class SeriesDose:
    """A target dose."""

    number: int
    ages: tuple[Age, ...] = ()
    intervals: tuple[Interval, ...] = ()
    allowable_intervals: tuple[Interval, ...] = ()
    preferable_vaccines: tuple[Vaccine, ...] = ()
    allowable_vaccines: tuple[Vaccine, ...] = ()
    # CVX codes that are given by mistake here, never on purpose.
    inadvertent_vaccines: tuple[str, ...] = ()
    skips: tuple[ConditionalSkip, ...] = ()
    is_recurring: bool = False
    season: Season | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One way through the doses of an antigen."""

    name: str
    antigen: str
    vaccine_group: str
    doses: tuple[SeriesDose, ...]
    # A series for those at risk needs an observation that says so; none is held.
    is_risk: bool = False
    # Lower case; none stands for all.
    genders: tuple[str, ...] = ()
    is_default: bool = False
    is_product_path: bool = False
    group: str = "1"
    priority: str = "A"
    preference: int = 1
    min_age_to_start: Period | None = None
    max_age_to_start: Period | None = None


@dataclass(frozen=True, slots=True)
class BirthImmunity:
    """Who was born before a day is taken as immune, in some rules only where born in one country."""

    antigen: str
    born_before: date
    birth_country: str | None = None


@dataclass(frozen=True, slots=True)
class LiveVirusConflict:
    """How far apart two live vaccines are given, unless on the same day."""

    previous: str
    current: str
    begin: Period
    minimum_end: Period
    end: Period


@dataclass(frozen=True, slots=True)
class VaccineGroup:
    """What is given together: one antigen or several."""

    name: str
    antigens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Association:
    """An antigen that a vaccine holds, for some at certain ages only."""

    antigen: str
    begin_age: Period | None = None
    end_age: Period | None = None


@dataclass(frozen=True, slots=True)
class VaccineContent:
    """What a vaccine code stands for."""

    cvx: str
    antigens: tuple[Association, ...]
    name: str = ""


@dataclass(frozen=True)
class Rules:
    """A whole schedule. `edition` and `source` say which and whose."""

    name: str
    edition: str
    source: str
    groups: tuple[VaccineGroup, ...]
    vaccines: tuple[VaccineContent, ...]
    series: tuple[Series, ...]
    conflicts: tuple[LiveVirusConflict, ...] = ()
    immunity: tuple[BirthImmunity, ...] = ()

    @cached_property
    def antigens_of(self) -> dict[str, tuple[Association, ...]]:
        """Map each CVX code to what it holds."""
        return {vaccine.cvx: vaccine.antigens for vaccine in self.vaccines}

    @cached_property
    def standard_antigens(self) -> frozenset[str]:
        """Name the antigens that not only those at risk are vaccinated against."""
        return frozenset(one.antigen for one in self.series if not one.is_risk)

    @cached_property
    def conflicts_of(self) -> dict[tuple[str, str], LiveVirusConflict]:
        """Map (previous, current) CVX codes to how far apart they are given."""
        return {(one.previous, one.current): one for one in self.conflicts}
