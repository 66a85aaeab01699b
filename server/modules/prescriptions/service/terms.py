"""Until when a prescription is filled, and how often: by the settings, and for controlled drugs by their schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from server.core import clock, state
from server.core.errors import refused


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the terms depend on of one item: where it was said, its schedule if it is controlled, its refills."""

    path: str
    schedule: str | None
    refills: int


def last_day(prescribed_on: date, schedules: Collection[str | None]) -> date:
    """Return the last day of a prescription of which nobody said it: sooner where something in it is controlled."""
    settings = state.settings()
    days = settings.controlled_prescription_days if any(schedules) else settings.prescription_days
    return prescribed_on + timedelta(days=days)


def require_refills(ordered: Sequence[Ordered]) -> None:
    """Raise a 422 that names the refills of a controlled drug which its schedule does not allow."""
    for one in ordered:
        rule = _rules().get(one.schedule or "")
        if rule is not None and one.refills > rule[0]:
            why = f"Schedule {one.schedule} allows {rule[0] or 'no'} refills."
            raise refused(f"{one.path}refills_allowed", why=why)


def require_days(
    prescribed_on: date, expires_on: date | None, schedules: Collection[str | None], *, born_on: date
) -> None:
    """Raise a 422 that names the day that is out of order, or later than a schedule allows."""
    if prescribed_on > clock.today():
        raise refused("date_prescribed", why="Must not be in the future.")
    if prescribed_on < born_on:
        raise refused("date_prescribed", why="Must not be before the patient was born.")
    if expires_on is None:
        return
    if expires_on < prescribed_on:
        raise refused("expires_on", why="Must not be before date_prescribed.")
    for schedule in sorted(filter(None, schedules)):
        rule = _rules().get(schedule)
        if rule is not None and rule[1] is not None and (expires_on - prescribed_on).days > rule[1]:
            raise refused("expires_on", why=f"Schedule {schedule} is filled within {rule[1]} days.")


def _rules() -> Mapping[str, tuple[int, int | None]]:
    return {schedule: (refills, days) for schedule, refills, days in state.settings().controlled_refills}
