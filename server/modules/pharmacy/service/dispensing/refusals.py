"""Why nothing is prepared, handed out or brought back."""

from __future__ import annotations

from server.core.errors import Conflict


class PrescriptionDraft(Conflict):
    """This prescription is a draft; it is filled once it is active."""

    code = "prescription_draft"


class PrescriptionStopped(Conflict):
    """This prescription was stopped; nothing more is handed out on it."""

    code = "prescription_stopped"


class PrescriptionCancelled(Conflict):
    """This prescription was cancelled; nothing is handed out on it."""

    code = "prescription_cancelled"


class PrescriptionExpired(Conflict):
    """The last day of this prescription is over."""

    code = "prescription_expired"


class NoRefillsRemaining(Conflict):
    """So much is not left of this prescription; `remaining` says how much is, of the item `item_id`."""

    code = "no_refills_remaining"


class MoreThanLeft(Conflict):
    """So much is not left of the fill that is handed out now; `remaining` says how much is. A refill comes after it."""

    code = "more_than_left"


class TooEarly(Conflict):
    """Less than three quarters of the days of the last fill are over; `refill_on` says from when on it is refilled.

    Who may override says why in `override_reason`.
    """

    code = "too_early"


class TwoPersonsRequired(Conflict):
    """One person prepares and another hands out; this has to be prepared by somebody else first."""

    code = "two_persons_required"


class AlreadyPrepared(Conflict):
    """This is laid ready already; cancel that first to prepare it otherwise."""

    code = "already_prepared"


class NotPrepared(Conflict):
    """This dispense is not laid ready any more; `dispense_status` says how it stands."""

    code = "not_prepared"


class AlreadyReversed(Conflict):
    """This dispense was reversed already."""

    code = "already_reversed"


class DispenseSettled(Conflict):
    """This dispense is paid for; refund it whole before it is reversed."""

    code = "dispense_sold"
