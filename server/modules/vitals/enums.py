"""The words of vital signs."""

from enum import StrEnum

from server.modules.patients.enums import ENTERED_IN_ERROR


class Kind(StrEnum):
    """What is measured; `bmi` is computed of weight and height."""

    HEART_RATE = "heart_rate"
    SYSTOLIC = "systolic"
    DIASTOLIC = "diastolic"
    TEMPERATURE = "temperature"
    RESPIRATORY_RATE = "respiratory_rate"
    SPO2 = "spo2"
    WEIGHT = "weight"
    HEIGHT = "height"
    BMI = "bmi"
    GLUCOSE = "glucose"
    PAIN = "pain"


class Flag(StrEnum):
    """Where a value lies against the range that was used; null where there is none."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class MeasurementStatus(StrEnum):
    """Whether a measurement stands, was amended, or was an error."""

    FINAL = "final"
    SUPERSEDED = "superseded"
    ENTERED_IN_ERROR = ENTERED_IN_ERROR
