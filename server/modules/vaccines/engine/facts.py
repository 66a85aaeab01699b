"""What goes into an evaluation (a person and doses) and what comes out (verdicts and what is due)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Validity(StrEnum):
    """Whether a dose counts (Logic Specification, chapter 3, evaluation status)."""

    VALID = "valid"
    NOT_VALID = "not_valid"
    EXTRANEOUS = "extraneous"
    SUB_STANDARD = "sub_standard"


class Reason(StrEnum):
    """Why a dose does not count, or is not needed."""

    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"
    INTERVAL_TOO_SHORT = "interval_too_short"
    LIVE_VIRUS_CONFLICT = "live_virus_conflict"
    WRONG_VACCINE = "wrong_vaccine"
    INADVERTENT_VACCINE = "inadvertent_vaccine"
    SERIES_COMPLETE = "series_complete"
    EXPIRED_LOT = "expired_lot"
    BEFORE_BIRTH = "before_birth"
    IN_FUTURE = "in_future"
    NOT_IN_SCHEDULE = "not_in_schedule"
    # What an early dose is told to the outside, by age or by interval.
    TOO_SOON = "too_soon"

    @property
    def is_early(self) -> bool:
        """Say whether the dose was given before its time."""
        return self in {Reason.TOO_YOUNG, Reason.INTERVAL_TOO_SHORT}


class SeriesStatus(StrEnum):
    """Where a person stands in a series (Logic Specification, chapter 3, patient series status)."""

    NOT_COMPLETE = "not_complete"
    COMPLETE = "complete"
    IMMUNE = "immune"
    AGED_OUT = "aged_out"
    NOT_RECOMMENDED = "not_recommended"


@dataclass(frozen=True, slots=True)
class Person:
    """Whose doses they are. `sex` in the words of the chart: female, male, anything else."""

    date_of_birth: date
    sex: str


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose that was given; `cvx` has at least two digits."""

    id: Hashable
    cvx: str
    given_on: date
    lot_expires_on: date | None = None
    # False where another house gave it.
    is_clinic: bool = True

    @property
    def is_expired(self) -> bool:
        """Say whether the lot was past its day when the dose was given."""
        return self.lot_expires_on is not None and self.given_on > self.lot_expires_on


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a dose counts, in a vaccine group or in all (then the group that decided is named)."""

    dose_id: Hashable
    validity: str
    reason: str | None
    vaccine_group: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """Where a person stands in a vaccine group, and when the next dose is due; without dates none is."""

    vaccine_group: str
    series_status: str
    dose_number: int | None = None
    earliest_on: date | None = None
    recommended_on: date | None = None
    past_due_on: date | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One verdict for each dose, in the order they came in; one line for each vaccine group."""

    verdicts: list[Verdict]
    due: list[Due]
    # The same doses by vaccine group: a combined vaccine has one for each.
    by_group: list[Verdict] = field(default_factory=list)
