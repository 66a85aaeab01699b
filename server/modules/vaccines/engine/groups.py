"""Identify and evaluate vaccine groups: antigens that are given together (Logic Specification, chapter 9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from server.modules.vaccines.engine.facts import Due, SeriesStatus, Validity, Verdict
from server.modules.vaccines.engine.forecast import Forecast
from server.modules.vaccines.engine.patient_series import Evaluated
from server.modules.vaccines.engine.rules import VaccineGroup

# What a group is, where its series are several things: the first of these that one of them is.
_STATUS_ORDER = (
    SeriesStatus.NOT_COMPLETE,
    SeriesStatus.COMPLETE,
    SeriesStatus.IMMUNE,
    SeriesStatus.AGED_OUT,
    SeriesStatus.NOT_RECOMMENDED,
)

# Within a group a dose counts where any antigen of it counts.
_WITHIN_GROUP = (Validity.VALID, Validity.EXTRANEOUS, Validity.NOT_VALID, Validity.SUB_STANDARD)

# Over all groups of a combined vaccine the one that must be repeated is told.
_OVER_GROUPS = (Validity.SUB_STANDARD, Validity.NOT_VALID, Validity.VALID, Validity.EXTRANEOUS)


def due_in_group(group: VaccineGroup, forecasts: Sequence[Forecast], as_of: date) -> Due | None:
    """Say when the next dose of a group is due; None where it is not for this person's age."""
    relevant = [one for one in forecasts if _is_for_age(one)]
    if not relevant:
        return None
    status = next(status for status in _STATUS_ORDER if any(one.status == status for one in relevant))
    if status != SeriesStatus.NOT_COMPLETE:
        return Due(group.name, status, reason=_REASONS[status])
    open_ones = [one for one in relevant if one.status == SeriesStatus.NOT_COMPLETE]
    number = min(len(one.series.valid) + 1 for one in open_ones)
    deciding = [one for one in open_ones if one.is_override] if len(group.antigens) > 1 else []
    deciding = deciding or open_ones
    earliests = [one.earliest_on for one in deciding if one.earliest_on]
    if not earliests:
        return Due(group.name, status, dose_number=number, reason="season_over")
    earliest = max(earliests) if len(group.antigens) > 1 else min(earliests)
    recommended = _first(earliest, (one.unadjusted_recommended_on for one in deciding))
    past_due = _first(earliest, (one.unadjusted_past_due_on for one in deciding))
    return Due(
        group.name,
        status,
        dose_number=number,
        earliest_on=earliest,
        recommended_on=recommended,
        past_due_on=past_due,
        reason=_when(as_of, recommended, past_due),
    )


def _when(as_of: date, recommended_on: date | None, past_due_on: date | None) -> str:
    """Say in a word whether the next dose is late, due or still to come."""
    if past_due_on is not None and past_due_on < as_of:
        return "overdue"
    return "due" if recommended_on is not None and recommended_on <= as_of else "upcoming"


_REASONS = {
    SeriesStatus.COMPLETE: "series_complete",
    SeriesStatus.IMMUNE: "immune_by_birth_date",
    SeriesStatus.AGED_OUT: "too_old",
    SeriesStatus.NOT_RECOMMENDED: "not_recommended_now",
}


def _is_for_age(one: Forecast) -> bool:
    """Say whether a series is for everyone, and is begun or may be begun at this age."""
    if one.series.series.is_risk:
        return False
    begin = one.series.series.min_age_to_start
    return (
        bool(one.series.valid)
        or begin is None
        or one.series.around.as_of >= begin.after(one.series.person.date_of_birth)
    )


def _first(earliest: date, days: Iterable[date | None]) -> date | None:
    """Give the first of some days, but not before the earliest one possible."""
    known = [day for day in days if day is not None]
    return max(earliest, min(known)) if known else None


def verdict_in_group(group: VaccineGroup, found: Sequence[Evaluated]) -> Verdict:
    """Join what the antigens of a group make of one dose."""
    decisive = min(found, key=lambda one: _WITHIN_GROUP.index(one.validity))
    reason = decisive.reason
    return Verdict(decisive.dose.id, decisive.validity, str(reason) if reason else None, group.name)


def verdict_over_groups(found: Sequence[Verdict]) -> Verdict:
    """Join what the groups of a combined vaccine make of one dose: where any must be repeated, that is told."""
    return min(found, key=lambda one: _OVER_GROUPS.index(Validity(one.validity)))
