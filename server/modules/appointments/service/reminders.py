"""Remind patients a day and two hours before their appointment: once for each time that was agreed on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from server.core import clock
from server.core.attempts import attempt
from server.core.db import db
from server.core.uow import command
from server.core.upserts import insert_first
from server.modules.appointments.enums import ReminderKind, Status
from server.modules.appointments.models import Appointment, Reminder
from server.modules.appointments.queries.due import pages_of_unreminded
from server.modules.appointments.service import notices
from server.modules.notifications.enums import Kind

BEFORE = {ReminderKind.DAY_BEFORE: timedelta(hours=24), ReminderKind.SOON_BEFORE: timedelta(hours=2)}
REMINDED = (Status.SCHEDULED, Status.CONFIRMED)


def remind_due() -> int:
    """Give every reminder whose time has come; one that fails is tried again in the next run."""
    given = 0
    for appointment_id in _due():
        was_given, _error = attempt(partial(_remind, appointment_id))
        given += bool(was_given)
    return given


def due_kind(starts_at: datetime, timed_at: datetime, now: datetime) -> ReminderKind | None:
    """Return which reminder is due, if any: none for a moment that had passed when the time was agreed on."""
    if starts_at <= now:
        return None
    left = starts_at - now
    soon = left <= BEFORE[ReminderKind.SOON_BEFORE]
    kind = ReminderKind.SOON_BEFORE if soon else ReminderKind.DAY_BEFORE
    mark = starts_at - BEFORE[kind]
    return kind if timed_at < mark <= now else None


def _due() -> Iterator[uuid.UUID]:
    now = clock.now()
    soon, day = (now + BEFORE[kind] for kind in (ReminderKind.SOON_BEFORE, ReminderKind.DAY_BEFORE))
    for kind, after, until in ((ReminderKind.SOON_BEFORE, now, soon), (ReminderKind.DAY_BEFORE, soon, day)):
        for page in pages_of_unreminded(kind=kind, after=after, until=until, statuses=REMINDED):
            yield from (row.id for row in page if due_kind(row.starts_at, row.timed_at, now) == kind)


def _remind(appointment_id: uuid.UUID) -> bool:
    """Remind of one appointment as it is now, locked; tell whether nobody else has."""
    with command("appointments.remind", "appointment"):
        stmt = select(Appointment).where(Appointment.id == appointment_id).with_for_update()
        appointment = db.session.scalars(stmt).one()
        kind = due_kind(appointment.starts_at, appointment.timed_at, clock.now())
        if kind is None or appointment.status not in REMINDED:
            return False
        given = {"appointment_id": appointment_id, "kind": kind, "starts_at": appointment.starts_at, "at": clock.now()}
        if not insert_first(db.session.connection(), Reminder.__table__, given):
            return False
        # The moment that it was due tells the two reminders of one time apart, and those of a time before.
        due_at = appointment.starts_at - BEFORE[kind]
        notices.tell_patient(appointment, Kind.APPOINTMENT_REMINDER, version=int(due_at.timestamp()))
        return True
