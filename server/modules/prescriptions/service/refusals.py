"""Why prescriptions are not written, changed or ended."""

from __future__ import annotations

from server.core.errors import Conflict


class LicenseExpired(Conflict):
    """The licence of this doctor has expired; nothing is prescribed on it."""

    code = "license_expired"


class PrescriptionActive(Conflict):
    """What an active prescription says stays; revise it, and a new version replaces it."""

    code = "prescription_active"


class PrescriptionFilled(Conflict):
    """This prescription was filled, in whole or in part, and is not changed any more."""

    code = "prescription_filled"


class AlreadyDispensed(Conflict):
    """Something was handed out on this prescription; stop it instead."""

    code = "already_dispensed"


class NotFillable(Conflict):
    """This prescription came from elsewhere and does not say how much; revise it first."""

    code = "not_fillable"
