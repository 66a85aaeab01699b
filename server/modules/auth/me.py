"""One's own account, with what upper modules know of its owner (`patient_id`, later `doctor_id`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from server.core.access import Actor
from server.core.dump import columns_of, row_dumper
from server.modules.notifications.queries import preferences_of
from server.modules.users.queries import user_row
from server.modules.users.schemas import UserOut

Part = Callable[[Connection, Actor], dict[str, Any]]

_parts: list[Part] = []
_COLUMNS = columns_of(UserOut)


def add_part(part: Part) -> Part:
    """Register what an upper module adds to one's own account."""
    if part not in _parts:
        _parts.append(part)
    return part


def me_of(connection: Connection, actor: Actor) -> dict[str, Any]:
    """Return one's own account with its permissions and the parts of the upper modules."""
    data = row_dumper(UserOut, tuple(_COLUMNS))(user_row(connection, _COLUMNS, actor.user_id))
    data["permissions"] = actor.grid.of(actor.roles)
    data["notification_preferences"] = preferences_of(connection, actor.user_id)
    for part in _parts:
        data.update(part(connection, actor))
    return data
