"""The words of procedures."""

from enum import StrEnum

from server.modules.patients.enums import ENTERED_IN_ERROR


class ProcedureStatus(StrEnum):
    """Where a procedure stands."""

    ORDERED = "ordered"
    PERFORMED = "performed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR
