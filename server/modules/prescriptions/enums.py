"""The words of prescriptions."""

from enum import StrEnum

from server.modules.patients.enums import ENTERED_IN_ERROR


class PrescriptionStatus(StrEnum):
    """Where a prescription stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR


class Source(StrEnum):
    """Where a prescription comes from."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    IMPORTED = "imported"


class FindingKind(StrEnum):
    """What a safety check looks for."""

    ALLERGY = "allergy"
    INTERACTION = "interaction"
    DUPLICATE = "duplicate"
    DOSE = "dose"
    ALLERGIES_UNKNOWN = "allergies_unknown"


class Severity(StrEnum):
    """How grave a finding is: to know, to acknowledge, or to override with a reason."""

    INFO = "info"
    WARNING = "warning"
    CONTRAINDICATED = "contraindicated"


class Stage(StrEnum):
    """When a check was made."""

    PRESCRIBE = "prescribe"
    FILL = "fill"


class DispenseStatus(StrEnum):
    """Where a dispense stands; what is prepared is reserved, what is filled has left the stock."""

    PREPARED = "prepared"
    FILLED = "filled"
    REVERSED = "reversed"
    CANCELLED = "cancelled"
