"""Write mail to the outbox, in the transaction of its cause; one key is written once, whoever asks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import Delete, String, Update, and_, cast, delete, or_, update
from sqlalchemy.engine import CursorResult

from server.core import clock, jobs
from server.core.db import close_reading, reading, writing
from server.core.ids import new_id
from server.core.uow import after_commit
from server.core.upserts import insert_new
from server.modules.notifications.enums import OutboxStatus
from server.modules.notifications.models import OutboxMessage

KEPT = timedelta(days=30)

Composer = Callable[[uuid.UUID, dict[str, Any]], EmailMessage | None]

_composers: dict[str, Composer] = {}
_asked_for: set[str] = set()


def mail_kind(kind: str, *, is_asked_for: bool = False) -> Callable[[Composer], Composer]:
    """Register the composer of a kind: (subject id, details) -> message, or None when it is no longer wanted.

    What is asked for may be asked for again: each message has a key of its own, which is not worth keeping.
    """

    def register(composer: Composer) -> Composer:
        _composers[kind] = composer
        if is_asked_for:
            _asked_for.add(kind)
        return composer

    return register


def composer_of(kind: str) -> Composer:
    """Return the composer of a kind, or raise `LookupError`."""
    return _composers[kind]


def enqueue_mail(*, kind: str, subject_id: uuid.UUID, dedupe_key: str, details: dict[str, Any] | None = None) -> None:
    """Have a mail of `kind` about `subject_id` sent after the commit; a known key does nothing."""
    put([{"kind": kind, "subject_id": subject_id, "dedupe_key": dedupe_key, "details": details or {}}])


def put(messages: Sequence[Mapping[str, Any]]) -> None:
    """Write messages in one statement and have them delivered after the commit."""
    if not messages:
        return
    now = clock.now()
    fresh = {"status": OutboxStatus.PENDING, "attempts": 0, "next_attempt_at": now, "created_at": now}
    insert_new(writing(), OutboxMessage.__table__, [{"id": new_id(), **fresh, **m} for m in messages])
    after_commit(jobs.wake)


def forget_details() -> int:
    """Take from messages what their text was made of, a month after they were sent or given up; their keys stay."""
    box, limit = OutboxMessage.__table__, clock.now() - KEPT
    was_sent = and_(box.c.status == OutboxStatus.SENT, box.c.sent_at < limit)
    was_given_up = and_(box.c.status == OutboxStatus.DEAD, box.c.next_attempt_at < limit)
    is_old = (or_(was_sent, was_given_up), cast(box.c.details, String) != "{}")
    return _rows_of(update(box).where(*is_old).values(details={}))


def forget_asked_for() -> int:
    """Remove messages that somebody asked for, a month after they were sent."""
    box = OutboxMessage.__table__
    is_old = (box.c.status == OutboxStatus.SENT, box.c.sent_at < clock.now() - KEPT)
    return _rows_of(delete(box).where(*is_old, box.c.kind.in_(_asked_for)))


def _rows_of(statement: Update | Delete) -> int:
    result: CursorResult[Any] = reading().execute(statement)
    close_reading()
    return result.rowcount
