"""Rules of notifications: told once for each version of a thing, read and removed by their reader alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update

from server.core import clock
from server.core.access import Actor
from server.core.db import db, writing
from server.core.errors import NotFound
from server.core.ids import new_id
from server.core.upserts import insert_new
from server.modules.notifications import queries
from server.modules.notifications.enums import Kind, SecurityEvent
from server.modules.notifications.models import Notification
from server.modules.notifications.service import outbox
from server.modules.notifications.words import words_of

NOTICE_MAIL = "notification"


def notify(
    *,
    user_ids: Iterable[uuid.UUID],
    kind: Kind,
    source_type: str,
    source_id: uuid.UUID,
    version: int = 1,
    details: Mapping[str, str] | None = None,
    mail: str | None = None,
    letters: Sequence[Mapping[str, Any]] = (),
    chosen: Mapping[uuid.UUID, queries.Wish] | None = None,
    apart: Mapping[uuid.UUID, Mapping[str, str]] = MappingProxyType({}),
) -> None:
    """Tell users, in the application and by mail as each prefers; what they were told of this version is not repeated.

    `mail` names a mail kind whose composer writes to the user instead of the general one, with `details`. `letters` are
    mails to whoever has no account, as `enqueue_mail` takes them. `chosen` is what these users have chosen for this
    kind, where that was read on the way. `apart` is what differs in the details for some of them.
    """
    db.session.flush()  # a user may be as new as the news
    told_to = sorted(set(user_ids))
    wishes = queries.wishes(writing(), kind, told_to) if chosen is None else queries.heard_by(kind, told_to, chosen)
    read_by = {user_id: {**(details or {}), **apart.get(user_id, {})} for user_id in wishes}
    words = {user_id: words_of(kind, own) for user_id, own in read_by.items()}
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "user_id": user_id,
            "kind": kind,
            "source_type": source_type,
            "source_id": source_id,
            "source_version": version,
            "title": words[user_id][0],
            "body": words[user_id][1],
            "hidden_at": None if wish["in_app"] else now,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        for user_id, wish in wishes.items()
    ]
    told = set(insert_new(writing(), Notification.__table__, rows))
    mailed = [row for row in rows if row["id"] in told and wishes[row["user_id"]]["email"]]
    outbox.put([*(_mail(row["id"], row["user_id"], mail, read_by[row["user_id"]]) for row in mailed), *letters])


def tell_of_security(
    *,
    user_id: uuid.UUID,
    event: SecurityEvent,
    source_type: str = "account_event",
    source_id: uuid.UUID | None = None,
    mail: str | None = None,
) -> None:
    """Tell a user what happened to their account; without a source each call is an event of its own."""
    notify(
        user_ids=[user_id],
        kind=Kind.SECURITY,
        source_type=source_type,
        source_id=source_id or new_id(),
        details={"event": event},
        mail=mail,
    )


def _mail(
    notification_id: uuid.UUID, user_id: uuid.UUID, kind: str | None, details: Mapping[str, str]
) -> dict[str, object]:
    """Return the message of a notification: of a kind of its own about the user, or a general one about itself."""
    key = f"{NOTICE_MAIL}:{notification_id}"
    if kind is not None:
        return {"kind": kind, "subject_id": user_id, "dedupe_key": key, "details": dict(details)}
    return {"kind": NOTICE_MAIL, "subject_id": notification_id, "dedupe_key": key, "details": {}}


def mark_read(*, actor: Actor, notification_id: uuid.UUID) -> Notification:
    """Note that its reader has read a notification; the first time counts."""
    found = _own(actor, notification_id)
    if found.hidden_at is not None:
        raise NotFound
    if found.read_at is None:
        found.read_at = clock.now()
        db.session.flush()
    return found


def mark_all_read(*, actor: Actor) -> int:
    """Note that a reader has read everything that they can see; return how many were new."""
    table = Notification.__table__
    result = db.session.execute(
        update(table)
        .where(table.c.user_id == actor.user_id, table.c.read_at.is_(None), table.c.hidden_at.is_(None))
        .values(read_at=clock.now(), updated_at=clock.now(), version=table.c.version + 1)
        .returning(table.c.id)
    )
    return len(result.all())


def hide(*, actor: Actor, notification_id: uuid.UUID) -> None:
    """Take a notification out of its reader's list; it stays, so that it is not told again."""
    found = _own(actor, notification_id)
    if found.hidden_at is None:
        found.hidden_at = clock.now()
        db.session.flush()


def _own(actor: Actor, notification_id: uuid.UUID) -> Notification:
    stmt = select(Notification).where(Notification.id == notification_id, Notification.user_id == actor.user_id)
    found = db.session.scalar(stmt.with_for_update())
    if found is None:
        raise NotFound
    return found
