"""Rules of telling people things: the outbox and its delivery, notifications, preferences."""

from server.modules.notifications.service.delivery import deliver_due, retry_dead
from server.modules.notifications.service.notices import hide, mark_all_read, mark_read, notify, tell_of_security
from server.modules.notifications.service.outbox import (
    Composer,
    enqueue_mail,
    forget_asked_for,
    forget_details,
    mail_kind,
)
from server.modules.notifications.service.preferences import choose

__all__ = [
    "Composer",
    "choose",
    "deliver_due",
    "enqueue_mail",
    "forget_asked_for",
    "forget_details",
    "hide",
    "mail_kind",
    "mark_all_read",
    "mark_read",
    "notify",
    "retry_dead",
    "tell_of_security",
]
