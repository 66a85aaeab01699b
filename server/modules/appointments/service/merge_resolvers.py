"""How the time that is taken makes room when two patients are merged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Table

from server.modules.appointments.models import TakenInterval
from server.modules.patients.merge_rules import Merging, resolve


def install() -> None:
    """Register the resolver of this module's table with a rule on the patient."""
    resolve("taken_intervals", free_overlapping)


def free_overlapping(merging: Merging) -> None:
    """Take the patient off the duplicate's time where the survivor has other time at once; what was held lapses.

    Both appointments stand and both doctors' seats stay taken; that one patient cannot be at both is for the desk to
    see, and is reported.
    """
    table: Table = TakenInterval.__table__
    kept = merging.rows_of(table, merging.survivor_id)
    for row in merging.rows_of(table, merging.duplicate_id):
        if row.expires_at is not None:
            merging.change(table, row, patient_id=None, expires_at=min(row.expires_at, merging.at))
        elif _overlaps(row, kept):
            merging.change(table, row, patient_id=None)
            merging.note(table, row.starts_at.isoformat(), "both patients are booked at this time, both bookings stand")


def _overlaps(row: Row[Any], others: Iterable[Row[Any]]) -> bool:
    return any(row.starts_at < other.ends_at and row.ends_at > other.starts_at for other in others)
