"""Remove what opens nothing any more, some time after its end: mailed tokens, sessions, counters of tries, devices."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import ColumnElement, Table, delete, exists, or_, select

from server.core import clock
from server.core.jobs import HOURLY, add_job
from server.core.uow import command
from server.modules.auth.models import Device, OneTimeToken, Session, Throttle

TOKENS_KEPT = timedelta(days=30)
SESSIONS_KEPT = timedelta(days=90)
# Longer than any window: failures in a row must add up to a lock, however slowly they come.
COUNTERS_KEPT = timedelta(days=90)
DEVICES_KEPT = timedelta(days=400)

_AT_ONCE = 1000


def install(app: Flask) -> None:
    """Have it done each hour."""
    add_job(app, "old mailed tokens removed", forget_tokens, every=HOURLY)
    add_job(app, "old sessions removed", forget_sessions, every=HOURLY)
    add_job(app, "old counters of tries removed", forget_counters, every=HOURLY)
    add_job(app, "old devices removed", forget_devices, every=HOURLY)


def forget_tokens() -> int:
    """Remove mailed tokens whose time ended a month ago."""
    return _remove(OneTimeToken.__table__, OneTimeToken.expires_at < clock.now() - TOKENS_KEPT)


def forget_sessions() -> int:
    """Remove sessions that ended three months ago."""
    limit = clock.now() - SESSIONS_KEPT
    return _remove(Session.__table__, or_(Session.ended_at < limit, Session.expires_at < limit))


def forget_counters() -> int:
    """Remove counters whose last window ended three months ago."""
    return _remove(Throttle.__table__, Throttle.ends_at < clock.now() - COUNTERS_KEPT)


def forget_devices() -> int:
    """Remove devices that nobody has used for more than a year."""
    is_in_use = exists().where(Session.device_id == Device.id)
    return _remove(Device.__table__, Device.last_used_at < clock.now() - DEVICES_KEPT, ~is_in_use)


def _remove(table: Table, *is_old: ColumnElement[bool]) -> int:
    """Remove rows, so many in a transaction that nobody waits long for it; return how many."""
    (key,) = table.primary_key
    removed = 0
    while True:
        with command("jobs.clean", table.name) as unit:
            some = select(key).where(*is_old).limit(_AT_ONCE)
            count = unit.connection.execute(delete(table).where(key.in_(some))).rowcount
        removed += count
        if count < _AT_ONCE:
            return removed
