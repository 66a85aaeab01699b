"""Deliver what waits in the outbox: with back-off, to a dead letter after ten tries, each once.

A message is claimed by a conditional UPDATE, so two workers never deliver one twice. Its text is made on delivery by
the composer that its kind registered; a link's secret is therefore never stored. Between the server's "accepted" and
the tick-off a worker may die: then the message leaves again after its lease, with the same Message-ID.
"""

from __future__ import annotations

import secrets
import smtplib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from enum import Enum, auto
from typing import Any

import structlog
from sqlalchemy import select, update

from server.core import clock, state
from server.core.attempts import attempt
from server.core.db import close_reading, reading
from server.core.mail import identify, mailer_of
from server.core.uow import command
from server.modules.notifications.enums import OutboxStatus
from server.modules.notifications.models import OutboxMessage
from server.modules.notifications.service.outbox import composer_of

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 10
LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(seconds=30)
GROWTH = 3
LONGEST_PAUSE = timedelta(hours=6)
JITTER = 0.2


@dataclass(frozen=True)
class Claimed:
    """A message that this worker alone may deliver until its lease ends."""

    id: uuid.UUID
    kind: str
    subject_id: uuid.UUID
    details: dict[str, Any]
    attempts: int


class Outcome(Enum):
    """How a delivery went."""

    SENT = auto()
    FAILED = auto()
    POST_AWAY = auto()


def deliver_due() -> int:
    """Deliver the messages that are due, until the mail server is away; return how many left."""
    _bury()
    sent = 0
    while (claimed := _claim()) is not None:
        outcome = _deliver(claimed)
        sent += outcome is Outcome.SENT
        if outcome is Outcome.POST_AWAY:
            break  # the others keep their tries for when it is back
    return sent


def retry_dead(message_id: uuid.UUID) -> bool:
    """Give a dead letter ten new tries; tell whether there was one."""
    box = OutboxMessage.__table__
    fresh = {"status": OutboxStatus.PENDING, "attempts": 0, "next_attempt_at": clock.now(), "last_error": None}
    is_dead = (box.c.id == message_id, box.c.status == OutboxStatus.DEAD)
    result = reading().execute(update(box).where(*is_dead).values(fresh))
    close_reading()
    return result.rowcount == 1


def _bury() -> None:
    """Give up messages whose every try ended without a word, such as in a killed process."""
    box = OutboxMessage.__table__
    is_spent = (box.c.status == OutboxStatus.PENDING, box.c.attempts >= MAX_ATTEMPTS)
    values = {"status": OutboxStatus.DEAD, "last_error": "every try was cut short"}
    reading().execute(update(box).where(*is_spent, box.c.next_attempt_at <= clock.now()).values(values))
    close_reading()


def _claim() -> Claimed | None:
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
            return Claimed(found.id, found.kind, found.subject_id, found.details, found.attempts + 1)


def _deliver(claimed: Claimed) -> Outcome:
    """Compose, send and tick off one claimed message; a failure is put off or, at the tenth, given up."""
    message, error = attempt(lambda: _compose(claimed))
    if error is not None:
        return _put_off(claimed, error, Outcome.FAILED)
    if message is not None:
        _, error = attempt(lambda: mailer_of(state.settings()).send(message))
    if error is None:
        _note(claimed, status=OutboxStatus.SENT, sent_at=clock.now(), last_error=None)
        return Outcome.SENT
    is_away = isinstance(error, OSError) and not isinstance(
        error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused
    )
    return _put_off(claimed, error, Outcome.POST_AWAY if is_away else Outcome.FAILED)


def _compose(claimed: Claimed) -> EmailMessage | None:
    with command("notifications.compose", "outbox_message"):
        message = composer_of(claimed.kind)(claimed.subject_id, claimed.details)
    return message and identify(state.settings(), message, claimed.id)


def _put_off(claimed: Claimed, error: Exception, outcome: Outcome) -> Outcome:
    reason = type(error).__name__
    log.warning("mail_failed", kind=claimed.kind, attempts=claimed.attempts, error=reason)
    is_last = claimed.attempts >= MAX_ATTEMPTS
    status = OutboxStatus.DEAD if is_last else OutboxStatus.PENDING
    _note(claimed, status=status, next_attempt_at=clock.now() + pause_after(claimed.attempts), last_error=reason)
    return outcome


def pause_after(attempts: int) -> timedelta:
    """Return the wait before the next try: 30 s, tripled each time, at most six hours; up to a fifth less."""
    pause: timedelta = min(FIRST_PAUSE * GROWTH ** (attempts - 1), LONGEST_PAUSE)
    return pause * (1 - JITTER * secrets.randbelow(1000) / 1000)


def _note(claimed: Claimed, **values: str | datetime | None) -> None:
    """Write the outcome, unless the lease ended and somebody else has the message now."""
    box = OutboxMessage.__table__
    is_ours = (box.c.id == claimed.id, box.c.attempts == claimed.attempts)
    reading().execute(update(box).where(*is_ours).values(**values))
    close_reading()
