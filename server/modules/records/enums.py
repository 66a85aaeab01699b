"""The words of records and documents."""

from enum import StrEnum

from server.modules.patients.enums import ENTERED_IN_ERROR


class RecordStatus(StrEnum):
    """A clinician's record is a draft until it is released to the patient; the patient's own is `released` at once."""

    DRAFT = "draft"
    RELEASED = "released"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR


class DocumentStatus(StrEnum):
    """Whether the patient sees a document."""

    HELD = "held"
    RELEASED = "released"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR
