"""The words of treatments."""

from enum import StrEnum

from server.modules.patients.enums import ENTERED_IN_ERROR


class TreatmentStatus(StrEnum):
    """Where a treatment stands."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR
