"""Rules of known devices: where a user has signed in before, the failures of others do not count."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update

from server.core import clock, secrets
from server.core.db import db, reading
from server.modules.auth.models import Device, Session

_PURPOSE = "device"
_table = Device.__table__


def token_of(user_id: uuid.UUID, device_id: uuid.UUID) -> str:
    """Return the token by which a user's device is known: both ids, and a code that only the server can make."""
    name = f"{user_id}.{device_id}"
    return f"{name}.{secrets.mac(name, purpose=_PURPOSE)}"


def named_by(token: str | None) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Return the user and the device that a token names, or None when we did not make it."""
    name, _, code = (token or "").rpartition(".")
    if not secrets.is_mac(code, name, purpose=_PURPOSE):
        return None
    user_id, device_id = name.split(".")
    return uuid.UUID(user_id), uuid.UUID(device_id)


def recognise(token: str | None, user_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return the id of the user's device that holds this token, or None."""
    named = named_by(token)
    if named is None or named[0] != user_id:
        return None
    stands = (_table.c.id == named[1], _table.c.user_id == user_id, _table.c.forgotten_at.is_(None))
    found: uuid.UUID | None = reading().scalar(select(_table.c.id).where(*stands))
    return found


def remember(user_id: uuid.UUID, device_id: uuid.UUID | None) -> uuid.UUID:
    """Note that the user has signed in on a device, known or new, and return its id."""
    if device_id is not None:
        db.session.execute(update(_table).where(_table.c.id == device_id).values(last_used_at=clock.now()))
        return device_id
    device = Device(user_id=user_id)
    db.session.add(device)
    db.session.flush()
    return device.id


def forget(user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """Know the user's devices no longer, save the one of the session `but`."""
    kept = select(Session.device_id).where(Session.id == but).scalar_subquery()
    which = [_table.c.user_id == user_id, _table.c.forgotten_at.is_(None)]
    if but is not None:
        which.append(_table.c.id.is_distinct_from(kept))
    db.session.execute(update(_table).where(*which).values(forgotten_at=clock.now()))
