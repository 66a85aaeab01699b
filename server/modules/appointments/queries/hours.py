"""Read hours as they were written: weekly windows, dates with hours of their own, leave."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from server.core.access import Actor, Permission, Scope
from server.core.clock import begin_of, end_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.appointments.models import Override, TimeOff, Window
from server.modules.doctors.models import Doctor

_WINDOWS = ListSpec(
    sorts={"weekday": Window.weekday, "start_time": Window.start_minute}, tie=Window.id, default="weekday,start_time"
)
_OVERRIDES = ListSpec(sorts={"date": Override.held_on}, tie=Override.id, default="date")
_LEAVE = ListSpec(sorts={"starts_at": TimeOff.starts_at}, tie=TimeOff.id, default="starts_at")


def doctor_within(
    connection: Connection, actor: Actor, permission: Permission, doctor_id: uuid.UUID, **_path: Any
) -> None:
    """Raise `NotFound` unless there is the doctor of the path, and the permission reaches their calendar."""
    found = connection.execute(select(Doctor.id, Doctor.user_id).where(Doctor.id == doctor_id)).first()
    if found is None:
        raise NotFound
    if Scope.ALL not in actor.scopes(permission) and found.user_id != actor.user_id:
        raise NotFound


def _select(table: Table, columns: Sequence[str], doctor_id: uuid.UUID) -> Select[Any]:
    return select(*(table.c[name] for name in columns)).where(table.c.doctor_id == doctor_id)


def page_of_windows(
    connection: Connection, columns: Sequence[str], doctor_id: uuid.UUID, query: Mapping[str, Any]
) -> Page:
    """Return one page of a doctor's weekly windows."""
    return fetch_page(connection, _select(Window.__table__, columns, doctor_id), _WINDOWS, query)


def page_of_overrides(
    connection: Connection, columns: Sequence[str], doctor_id: uuid.UUID, query: Mapping[str, Any]
) -> Page:
    """Return one page of the dates on which a doctor has hours of their own."""
    stmt = _select(Override.__table__, columns, doctor_id)
    if "from" in query:
        stmt = stmt.where(Override.held_on >= query["from"])
    if "to" in query:
        stmt = stmt.where(Override.held_on <= query["to"])
    return fetch_page(connection, stmt, _OVERRIDES, query)


def page_of_leave(
    connection: Connection, columns: Sequence[str], doctor_id: uuid.UUID, query: Mapping[str, Any]
) -> Page:
    """Return one page of a doctor's leave, as far as it meets the range that is asked for."""
    stmt = _select(TimeOff.__table__, columns, doctor_id)
    if "from" in query:
        stmt = stmt.where(TimeOff.ends_at > begin_of(query["from"]))
    if "to" in query:
        stmt = stmt.where(TimeOff.starts_at < end_of(query["to"]))
    return fetch_page(connection, stmt, _LEAVE, query)
