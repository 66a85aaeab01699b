"""Write mail to the outbox and deliver it: with back-off, to a dead letter after ten tries, each once.

A message is claimed by a conditional UPDATE, so two workers never deliver one twice. Its text is made on delivery by
the composer that its kind registered; a link's secret is therefore never stored.
"""

from __future__ import annotations

import smtplib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import SQLAlchemyError

from server.core import clock, jobs, state
from server.core.db import close_reading, db, reading
from server.core.mail import mailer_of
from server.core.uow import after_commit, command
from server.modules.notifications.models import OutboxMessage, OutboxStatus

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 10
LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)

Composer = Callable[[uuid.UUID, dict[str, Any]], EmailMessage | None]

_composers: dict[str, Composer] = {}


def mail_kind(kind: str) -> Callable[[Composer], Composer]:
    """Register the composer of a kind: (subject id, details) -> message, or None when it is no longer wanted."""

    def register(composer: Composer) -> Composer:
        _composers[kind] = composer
        return composer

    return register


def enqueue_mail(*, kind: str, subject_id: uuid.UUID, dedupe_key: str, details: dict[str, Any] | None = None) -> None:
    """Have a mail of `kind` about `subject_id` sent once the running unit of work is committed."""
    message = OutboxMessage(kind=kind, subject_id=subject_id, details=details or {}, dedupe_key=dedupe_key)
    db.session.add(message)
    after_commit(jobs.wake)


def deliver_due() -> int:
    """Deliver every message that is due; return how many left."""
    _bury()
    sent = 0
    while (claimed := _claim()) is not None:
        sent += _deliver(*claimed)
    return sent


def _bury() -> None:
    """Give up messages whose every try ended without a word, such as in a killed process."""
    box = OutboxMessage.__table__
    is_spent = (box.c.status == OutboxStatus.PENDING, box.c.attempts >= MAX_ATTEMPTS)
    values = {"status": OutboxStatus.DEAD, "last_error": "every try was cut short"}
    reading().execute(update(box).where(*is_spent, box.c.next_attempt_at <= clock.now()).values(values))
    close_reading()


def _claim() -> tuple[uuid.UUID, str, uuid.UUID, dict[str, Any], int] | None:
    """Take the message that is due longest for the time of the lease, or return None."""
    box = OutboxMessage.__table__
    due = (
        select(box.c.id, box.c.kind, box.c.subject_id, box.c.details, box.c.attempts)
        .where(box.c.status == OutboxStatus.PENDING, box.c.next_attempt_at <= clock.now())
        .order_by(box.c.next_attempt_at)
        .limit(1)
    )
    while True:
        connection = reading()
        found = connection.execute(due).first()
        if found is None:
            close_reading()
            return None
        taken = connection.execute(
            update(box)
            .where(box.c.id == found.id, box.c.attempts == found.attempts, box.c.status == OutboxStatus.PENDING)
            .values(attempts=found.attempts + 1, next_attempt_at=clock.now() + LEASE)
        )
        if taken.rowcount == 1:
            close_reading()
            return found.id, found.kind, found.subject_id, found.details, found.attempts + 1


def _deliver(message_id: uuid.UUID, kind: str, subject_id: uuid.UUID, details: dict[str, Any], attempts: int) -> bool:
    """Compose, send and tick off one claimed message; a failure is put off or, at the tenth, given up."""
    try:
        with command("notifications.compose", "outbox_message"):
            message = _composers[kind](subject_id, details)
        if message is not None:
            mailer_of(state.settings()).send(message)
    except (OSError, smtplib.SMTPException, SQLAlchemyError, LookupError, ValueError) as error:
        log.warning("mail_failed", kind=kind, attempts=attempts, error=type(error).__name__)
        is_dead = attempts >= MAX_ATTEMPTS
        status = OutboxStatus.DEAD if is_dead else OutboxStatus.PENDING
        _note(
            message_id,
            status=status,
            next_attempt_at=clock.now() + pause_after(attempts),
            last_error=type(error).__name__,
        )
        return False
    _note(message_id, status=OutboxStatus.SENT, sent_at=clock.now(), last_error=None)
    return True


def pause_after(attempts: int) -> timedelta:
    """Return the wait before the next try: 30 s, doubling, at most an hour."""
    return min(FIRST_PAUSE * (1 << (attempts - 1)), LONGEST_PAUSE)


def _note(message_id: uuid.UUID, **values: str | datetime | None) -> CursorResult[Any]:
    box = OutboxMessage.__table__
    result = reading().execute(update(box).where(box.c.id == message_id).values(**values))
    close_reading()
    return result
