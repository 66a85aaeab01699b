"""Read what has come due: appointments to be reminded of, and those that nobody came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, exists, select, tuple_, union_all

from server.core.db import close_reading, reading
from server.modules.appointments.enums import ReminderKind
from server.modules.appointments.models import Appointment, Reminder

PAGE = 200

_table, _reminders = Appointment.__table__, Reminder.__table__
_KEY = (_table.c.starts_at, _table.c.id)


def pages_of_unreminded(
    *, kind: ReminderKind, after: datetime, until: datetime, statuses: Sequence[str]
) -> Iterator[Sequence[Row[Any]]]:
    """Yield the appointments of a stretch of time that were not reminded of, in the order of their start."""
    was_given = exists().where(
        _reminders.c.appointment_id == _table.c.id,
        _reminders.c.kind == kind,
        _reminders.c.starts_at == _table.c.starts_at,
    )
    is_near = (_table.c.starts_at > after, _table.c.starts_at <= until)
    stmt = select(_table.c.id, _table.c.starts_at, _table.c.timed_at).where(*is_near, ~was_given)
    return _pages(stmt, statuses)


def pages_of_unattended(*, ended_before: datetime, statuses: Sequence[str]) -> Iterator[Sequence[Row[Any]]]:
    """Yield the appointments that ended before and still wait for their patient, in the order of their start."""
    # It began before it ended: the start has the index.
    has_ended = (_table.c.starts_at < ended_before, _table.c.ends_at <= ended_before)
    return _pages(select(_table.c.id, _table.c.starts_at).where(*has_ended), statuses)


def _pages(stmt: Select[Any], statuses: Sequence[str]) -> Iterator[Sequence[Row[Any]]]:
    """Yield page by page; no connection is held while one is worked on."""
    page = reading().execute(_page(stmt, statuses)).all()
    close_reading()
    while page:
        yield page
        if len(page) < PAGE:
            return
        page = reading().execute(_page(stmt.where(tuple_(*_KEY) > (page[-1].starts_at, page[-1].id)), statuses)).all()
        close_reading()


def _page(stmt: Select[Any], statuses: Sequence[str]) -> Select[Any]:
    """Return the first page of some statuses, each in the order of its index.

    Asked for together they are looked for from the first appointment on, past all that were attended to.
    """
    each = (stmt.where(_table.c.status == status).order_by(*_KEY).limit(PAGE).subquery() for status in statuses)
    all_of_them = union_all(*(select(one) for one in each)).subquery()
    return select(all_of_them).order_by(all_of_them.c.starts_at, all_of_them.c.id).limit(PAGE)
