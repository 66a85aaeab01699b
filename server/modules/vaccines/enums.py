"""The words of immunisation."""

from enum import StrEnum

from server.modules.patients.enums import ENTERED_IN_ERROR


class VaccineStatus(StrEnum):
    """Whether a vaccine was given."""

    COMPLETED = "completed"
    NOT_DONE = "not_done"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR


class Validity(StrEnum):
    """Whether a dose counts (the words of CDC's Logic Specification for ACIP Recommendations)."""

    VALID = "valid"
    NOT_VALID = "not_valid"
    EXTRANEOUS = "extraneous"
    SUB_STANDARD = "sub_standard"


class DoseSource(StrEnum):
    """Who gave a dose: this house, another one by report, or one that another system tells of."""

    CLINIC = "clinic"
    REPORTED = "reported"
    IMPORTED = "imported"


class CodeStatus(StrEnum):
    """How CDC has a code: in use, for old records only, for what is given in other countries, or never used."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    NON_US = "non_us"
    NEVER_ACTIVE = "never_active"
