"""How the time that is taken, and who waits for some, make room when two patients are merged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Table, select

from server.modules.appointments.enums import LIVE_WAITS, WaitStatus
from server.modules.appointments.models import TakenInterval, WaitlistEntry
from server.modules.patients.merge_rules import Merging, resolve


def install() -> None:
    """Register the resolvers of this module's tables."""
    resolve("taken_intervals", free_overlapping)
    resolve("waitlist_entries", unite_waits)


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


def unite_waits(merging: Merging) -> None:
    """End the younger of two waits for one wish, unless it alone was offered time; what an ended one held is free."""
    table: Table = WaitlistEntry.__table__
    both = table.c.patient_id.in_((merging.survivor_id, merging.duplicate_id))
    is_live = table.c.status.in_(LIVE_WAITS)
    # Whoever is answering an offer ends before, or waits for this.
    merging.connection.execute(select(table.c.id).where(both, is_live).order_by(table.c.id).with_for_update())
    kept = {(row.doctor_id, row.specialty_id): row for row in merging.rows_of(table, merging.survivor_id, is_live)}
    for row in merging.rows_of(table, merging.duplicate_id, is_live):
        other = kept.get((row.doctor_id, row.specialty_id))
        if other is not None:
            ended = max(row, other, key=lambda one: (one.status != WaitStatus.OFFERED, one.created_at, one.id))
            merging.change(table, ended, status=WaitStatus.EXPIRED)
            _let_lapse(merging, ended)
            merging.note(table, str(ended.id), "both patients wait for this, the younger wait ended")


def _let_lapse(merging: Merging, entry: Row[Any]) -> None:
    """Have a hold lapse whose offer nobody can accept any more."""
    table: Table = TakenInterval.__table__
    if entry.status == WaitStatus.OFFERED:
        for held in merging.connection.execute(select(table).where(table.c.id == entry.offer_hold_id)).all():
            merging.change(table, held, expires_at=min(held.expires_at, merging.at))
