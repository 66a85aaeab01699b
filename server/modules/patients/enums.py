"""The words of patients and their charts."""

from enum import StrEnum

ENTERED_IN_ERROR = "entered_in_error"


class PatientStatus(StrEnum):
    """Whether the clinic still cares for this person."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DECEASED = "deceased"
    MERGED = "merged"


class Severity(StrEnum):
    """How badly a patient reacts."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class AllergyClass(StrEnum):
    """What kind of thing a patient is allergic to."""

    FOOD = "food"
    DRUG = "drug"
    ENVIRONMENT = "environment"


class AllergyStatus(StrEnum):
    """Whether an allergy stands."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR


class ConditionStatus(StrEnum):
    """Whether a condition lasts."""

    ACTIVE = "active"
    RESOLVED = "resolved"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR


class BloodType(StrEnum):
    """ABO and Rh(D) group."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"


class ContactKind(StrEnum):
    """What somebody is to a patient, for the clinic."""

    EMERGENCY = "emergency"
    GUARDIAN = "guardian"
    NEXT_OF_KIN = "next_of_kin"


class ProxyScope(StrEnum):
    """What somebody may do in a patient's name."""

    VIEW = "view"
    BOOK = "book"
    MESSAGE = "message"
    PAY = "pay"


def scopes_of(*may: bool) -> list[str]:
    """Return the scopes that are given, of view, book, message and pay in this order."""
    return [str(scope) for scope, is_given in zip(ProxyScope, may, strict=True) if is_given]


class StopReason(StrEnum):
    """Why nothing new may happen to a patient from now on."""

    DECEASED = "deceased"
    INACTIVE = "inactive"
    MERGED = "merged"


class RelationSource(StrEnum):
    """What made a relation; upper modules add theirs through `service.care.relate`."""

    CARE_TEAM = "care_team"
    APPOINTMENT = "appointment"
    VISIT = "visit"
