"""The words of notifications."""

from __future__ import annotations

from enum import StrEnum


class OutboxStatus(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class Kind(StrEnum):
    """What a notification is about."""

    APPOINTMENT_BOOKED = "appointment_booked"
    APPOINTMENT_MOVED = "appointment_moved"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    APPOINTMENT_REMINDER = "appointment_reminder"
    APPOINTMENT_OFFERED = "appointment_offered"
    MESSAGE = "message"
    PRESCRIPTION_READY = "prescription_ready"
    PRESCRIPTION_EXPIRING = "prescription_expiring"
    LOW_STOCK = "low_stock"
    EXPIRING_LOTS = "expiring_lots"
    CLAIM_DECIDED = "claim_decided"
    INVOICE_ISSUED = "invoice_issued"
    SECURITY = "security"
    BREAK_GLASS = "break_glass"


class Turn(StrEnum):
    """What a change means to one of those who hear of it: the `turn` in the details of a notification."""

    OTHER_DOCTOR = "other_doctor"
    OTHER_TIME_AND_DOCTOR = "other_time_and_doctor"
    TAKEN_OVER = "taken_over"
    GIVEN_AWAY = "given_away"
    CANCELLED_BY_CLINIC = "cancelled_by_clinic"


class SecurityEvent(StrEnum):
    """What happened to an account: the `event` in the details of a security notification."""

    TOKEN_REUSED = "token_reused"  # noqa: S105 - the name of an event
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event
    EMAIL_CHANGED = "email_changed"
    MFA_CHANGED = "mfa_changed"
    ACCOUNT_LOCKED = "account_locked"
    PROXY_GRANTED = "proxy_granted"
    INVITED_TO_NEW_ADDRESS = "invited_to_new_address"
    FILE_INFECTED = "file_infected"


# Nobody may be kept from hearing of these.
MANDATORY = frozenset({Kind.SECURITY, Kind.BREAK_GLASS})

# What is mailed unless its reader says otherwise; the others wait in the list.
MAILED = frozenset(Kind) - {Kind.MESSAGE, Kind.LOW_STOCK, Kind.EXPIRING_LOTS, Kind.CLAIM_DECIDED}
