"""The words of medication."""

from enum import StrEnum


class Schedule(StrEnum):
    """Under which schedule of the US Controlled Substances Act (21 CFR 1308) a drug is controlled."""

    II = "II"
    III = "III"
    IV = "IV"
    V = "V"


class Interaction(StrEnum):
    """How grave it is to take two drugs together."""

    INFO = "info"
    WARNING = "warning"
    CONTRAINDICATED = "contraindicated"
