"""Read a doctor's schedule: hours, leave, holidays and what is taken, in five statements for any range."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from server.core import clock
from server.core.access import Actor, Scope
from server.core.columns import NOW
from server.core.errors import NotFound
from server.modules.appointments.calendar.facts import Facts, Span
from server.modules.appointments.calendar.spans import DAY, local_day, spans
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment, TakenInterval, TimeOff
from server.modules.appointments.policies import Perm, is_only_ward, shows_all, visible
from server.modules.appointments.queries.appointments import joined
from server.modules.appointments.queries.facts import LONGEST_VISIT, facts_of
from server.modules.appointments.queries.slots import around, asked_range, laid
from server.modules.doctors.models import Holiday


def of_doctor(
    connection: Connection, actor: Actor, doctor_id: uuid.UUID, query: Mapping[str, Any]
) -> tuple[dict[str, Any], Sequence[Row[Any]]]:
    """Return a schedule but for the appointments that the actor may read, and the rows of those."""
    first, last = asked_range(query, _monday(clock.today()))
    facts = facts_of(connection, doctor_id, *around(first, last), with_taken=False)
    if facts is None:
        raise NotFound
    since, until = laid(facts.zone, first, last)
    readable = _readable(connection, actor, doctor_id, since, until) if actor.can(Perm.READ) else []
    shown = {row.id for row in readable}
    schedule = {
        "doctor": {"id": doctor_id, "name": facts.name},
        "timezone": facts.zone.key,
        "starts_at": since,
        "ends_at": until,
        "windows": [_opened(facts, span) for span in _spans(facts, since, until)],
        "time_off": _leave(connection, actor, facts, since, until),
        "holidays": _holidays(connection, facts, since, until),
        "busy": [
            {
                "starts_at": row.starts_at,
                "ends_at": row.ends_at,
                "local_start": _local(facts, row.starts_at),
                "status": "busy",
            }
            for row in _taken(connection, doctor_id, since, until)
            if row.appointment_id is None or row.appointment_id not in shown
        ],
    }
    return schedule, readable


def _monday(day: date) -> date:
    return day - day.weekday() * DAY


def _local(facts: Facts, at: datetime) -> str:
    return at.astimezone(facts.zone).isoformat()


def _spans(facts: Facts, since: datetime, until: datetime) -> list[Span]:
    opened = spans(facts, local_day(facts.zone, since) - DAY, local_day(facts.zone, until))
    return [span for span in opened if span.starts_at < until and span.ends_at > since]


def _opened(facts: Facts, span: Span) -> dict[str, Any]:
    hours = span.hours
    return {
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
        "local_start": _local(facts, span.starts_at),
        "slot_minutes": hours.slot_minutes,
        "buffer_before": hours.buffer_before,
        "buffer_after": hours.buffer_after,
        "capacity": hours.capacity,
        "location": hours.location,
    }


def _leave(
    connection: Connection, actor: Actor, facts: Facts, since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """Return leave in the range; why is told to admins and to the doctor."""
    scopes = actor.scopes(Perm.HOURS_MANAGE)
    tells_why = Scope.ALL in scopes or (Scope.OWN in scopes and facts.user_id == actor.user_id)
    stmt = (
        select(TimeOff.id, TimeOff.starts_at, TimeOff.ends_at, *([TimeOff.reason] if tells_why else []))
        .where(TimeOff.doctor_id == facts.doctor_id, TimeOff.starts_at < until, TimeOff.ends_at > since)
        .order_by(TimeOff.starts_at, TimeOff.id)
    )
    return [dict(row) for row in connection.execute(stmt).mappings()]


def _holidays(connection: Connection, facts: Facts, since: datetime, until: datetime) -> list[dict[str, Any]]:
    first, last = local_day(facts.zone, since), local_day(facts.zone, until - datetime.resolution)
    stmt = select(Holiday.held_on.label("date"), Holiday.name).where(Holiday.held_on.between(first, last))
    return [dict(row) for row in connection.execute(stmt.order_by(Holiday.held_on)).mappings()]


def _taken(connection: Connection, doctor_id: uuid.UUID, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    columns: list[Any] = [TakenInterval.appointment_id, TakenInterval.starts_at, TakenInterval.ends_at]
    stmt = select(*columns).where(
        TakenInterval.doctor_id == doctor_id,
        TakenInterval.busy_from > since - 2 * LONGEST_VISIT,
        TakenInterval.starts_at < until,
        TakenInterval.ends_at > since,
        or_(TakenInterval.expires_at.is_(None), TakenInterval.expires_at > NOW),
    )
    return connection.execute(stmt.order_by(TakenInterval.starts_at, TakenInterval.id)).all()


def _readable(
    connection: Connection, actor: Actor, doctor_id: uuid.UUID, since: datetime, until: datetime
) -> Sequence[Row[Any]]:
    """Return the appointments in the actor's scope, but for cancelled ones, as rows of a list show them."""
    stmt = joined(is_only_ward(actor).label("is_ward"), shows_all(actor).label("shows_all")).where(
        Appointment.doctor_id == doctor_id,
        Appointment.starts_at > since - LONGEST_VISIT,
        Appointment.starts_at < until,
        Appointment.ends_at > since,
        Appointment.status != Status.CANCELLED,
    )
    ordered = visible(stmt, actor, Perm.READ).order_by(Appointment.starts_at, Appointment.id)
    return connection.execute(ordered).all()
