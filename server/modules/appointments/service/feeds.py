"""Calendar feeds: revocable tokens, and the iCalendar text (RFC 5545) that they open. Nothing in it is clinical."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from icalendar import Calendar, Event
from sqlalchemy import Row, select, update

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.db import db
from server.core.errors import NotFound
from server.core.people import full_name
from server.modules.appointments.enums import Status
from server.modules.appointments.models import CalendarToken
from server.modules.appointments.queries.feeds import digest_of
from server.modules.users.models import User

# Never changes: programs know an event by it, wherever they fetched it from.
_UID_HOST = "polyclinic"


def issue(*, actor: Actor) -> tuple[CalendarToken, str]:
    """Give a calendar program the right to read one's appointments; the token is returned here and kept nowhere."""
    token = secrets.token_urlsafe(32)
    row = CalendarToken(user_id=actor.user_id, token_hash=digest_of(token))
    db.session.add(row)
    db.session.flush()
    return row, token


def revoke(*, actor: Actor, token_id: uuid.UUID) -> None:
    """Take a calendar program's right back. Again, it changes nothing."""
    stmt = select(CalendarToken).where(CalendarToken.id == token_id, CalendarToken.user_id == actor.user_id)
    row = db.session.scalar(stmt.with_for_update())
    if row is None:
        raise NotFound
    trails.current().about(row.id)
    row.revoked_at = row.revoked_at or clock.now()


def on_deactivated(_sender: object, *, user: User) -> None:
    """Have every feed of a closed account end for good."""
    table = CalendarToken.__table__
    db.session.execute(
        update(table).where(table.c.user_id == user.id, table.c.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


def calendar(events: Iterable[tuple[Any, bool]], *, name: str) -> bytes:
    """Return appointments as an iCalendar object; the flag says whether its reader is the patient."""
    found = Calendar()
    found.add("prodid", "-//Polyclinic//Appointments//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", name)
    for row, is_patient in events:
        found.add_component(_event(row, is_patient))
    return bytes(found.to_ical())


def _event(row: Any, is_patient: bool) -> Event:
    event = Event()
    event.add("uid", f"{row.id}@{_UID_HOST}")
    # The first version is 1, the first sequence 0; both grow with each change.
    event.add("sequence", row.version - 1)
    event.add("dtstamp", row.updated_at)
    event.add("created", row.created_at)
    event.add("last-modified", row.updated_at)
    event.add("dtstart", row.starts_at)
    event.add("dtend", row.ends_at)
    is_off = row.status == Status.CANCELLED
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if is_off else "OPAQUE")
    event.add("class", "PRIVATE")
    event.add("summary", _summary(row) if is_patient else "Appointment")
    if row.location:
        event.add("location", row.location)
    return event


def _summary(row: Row[Any]) -> str:
    """Return what a patient reads; a doctor's calendar names nobody, for it leaves the house."""
    name = full_name(row.first_name, row.last_name)
    return f"Appointment with {f'{row.title} ' if row.title else ''}{name}"
