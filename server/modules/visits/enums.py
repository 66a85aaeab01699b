"""The words of visits."""

from enum import StrEnum

from server.modules.patients.enums import ENTERED_IN_ERROR


class VisitStatus(StrEnum):
    """Where a visit stands."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR


class VisitType(StrEnum):
    """What a visit is for."""

    CONSULTATION = "consultation"
    FOLLOW_UP = "follow_up"
    EMERGENCY = "emergency"
    PROCEDURE = "procedure"
    VACCINATION = "vaccination"


class NoteStatus(StrEnum):
    """A note is written as a draft and never changes once it is signed."""

    DRAFT = "draft"
    SIGNED = "signed"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR


class Source(StrEnum):
    """Who wrote an entry of a chart: the clinic's people, the patient, or another system."""

    CLINIC = "clinic"
    PATIENT = "patient"
    IMPORTED = "imported"
