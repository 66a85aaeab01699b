"""Count tries at a secret before the secret is checked, so that a hundred at once do not pass a limit of ten.

A try is reserved as a failure by one conditional upsert outside any transaction, and given back when the secret was
right, which also ends the row of failures. A window begins with its first try.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from sqlalchemy import Connection, Insert, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from server.core import clock, limits, secrets, state
from server.core.db import db, is_postgres, reading
from server.core.errors import DomainError
from server.core.fields import normal_form
from server.modules.auth.models import Device, Throttle

WHAT = ("password", "own password", "code", "own code")

_table = Throttle.__table__


class TooManyTries(DomainError):
    """Too many tries; wait before the next."""

    status = 429
    code = "too_many_tries"

    def __init__(self, wait: timedelta) -> None:
        super().__init__(headers={"Retry-After": str(max(1, ceil(wait.total_seconds())))})


@dataclass(frozen=True)
class Counter:
    """Something that may be tried `most` times within `window`."""

    key: str
    most: int
    window: timedelta


def of_account(user_id: uuid.UUID | None, identifier: str, *, what: str = "password") -> Counter:
    """Return the counter of an account; one that does not exist is counted by what was typed."""
    return _counter(f"{what}:account:{user_id or typed(identifier)}", state.settings().sign_in_tries_per_account)


def typed(text: str) -> str:
    """Return what stands for something that a stranger typed: it may be a password in the wrong box."""
    return secrets.mac(normal_form(text), purpose="typed")[:32]


def of_device(device_id: uuid.UUID, *, what: str = "password") -> Counter:
    """Return the counter of a known device, which the failures of others do not touch."""
    return _counter(f"{what}:device:{device_id}", state.settings().sign_in_tries_per_account)


def of_address(address: str, *, what: str = "password") -> Counter:
    """Return the counter of an address, an IPv6 one by its /64."""
    return _counter(f"{what}:address:{limits.network_of(address)}", state.settings().sign_in_tries_per_address)


def _counter(key: str, most: int) -> Counter:
    return Counter(key, most, timedelta(minutes=state.settings().sign_in_tries_minutes))


def reserve(*counters: Counter) -> int:
    """Count one failure on each counter and return how many the first has had in a row.

    Where one is used up, count none and raise `TooManyTries`.
    """
    connection = reading()
    in_a_row = []
    for position, counter in enumerate(counters):
        failures = _take(connection, counter)
        if failures is None:
            take_back(*counters[:position])
            raise TooManyTries(_wait(connection, counter))
        in_a_row.append(failures)
    return in_a_row[0]


def allows(counter: Counter) -> bool:
    """Count one try and return True, or return False where the counter is used up."""
    return _take(reading(), counter) is not None


def release(*counters: Counter) -> None:
    """Give reserved tries back: the secret was right."""
    _give_back(counters, failures=0)


def take_back(*counters: Counter) -> None:
    """Give reserved tries back: the secret could not be checked."""
    _give_back(counters, failures=_table.c.failures - 1)


def end_row(counter: Counter) -> None:
    """End the row of failures of a counter that was not asked; its tries stay counted."""
    reading().execute(update(_table).where(_table.c.key == counter.key, _table.c.failures > 0).values(failures=0))


def clear(user_id: uuid.UUID) -> None:
    """Forget the failures of an account and of its devices, within the running unit of work."""
    devices = db.session.scalars(select(Device.id).where(Device.user_id == user_id)).all()
    keys = [f"{what}:account:{user_id}" for what in WHAT] + [f"{what}:device:{one}" for what in WHAT for one in devices]
    db.session.execute(delete(_table).where(_table.c.key.in_(keys)))


def _give_back(counters: Sequence[Counter], *, failures: Any) -> None:
    if counters:
        is_counted = (_table.c.key.in_([counter.key for counter in counters]), _table.c.tries > 0)
        reading().execute(update(_table).where(*is_counted).values(tries=_table.c.tries - 1, failures=failures))


def _take(connection: Connection, counter: Counter) -> int | None:
    """Count one failure in the running window, or in a new one, and return those in a row; None when it is full."""
    now = clock.now()
    is_over = _table.c.ends_at <= now
    insert = postgresql.insert if is_postgres(connection) else sqlite.insert
    statement = insert(_table).values(key=counter.key, tries=1, failures=1, ends_at=now + counter.window)
    counted: Insert = statement.on_conflict_do_update(
        index_elements=[_table.c.key],
        set_={
            "tries": case((is_over, 1), else_=_table.c.tries + 1),
            "failures": _table.c.failures + 1,
            "ends_at": case((is_over, now + counter.window), else_=_table.c.ends_at),
        },
        where=or_(is_over, _table.c.tries < counter.most),
    )
    in_a_row: int | None = connection.scalar(counted.returning(_table.c.failures))
    return in_a_row


def _wait(connection: Connection, counter: Counter) -> timedelta:
    ends_at = connection.scalar(select(_table.c.ends_at).where(_table.c.key == counter.key))
    return ends_at - clock.now() if ends_at else timedelta()
