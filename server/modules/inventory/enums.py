"""The words of stock."""

from enum import StrEnum


class ItemKind(StrEnum):
    """What an item is, which decides who may move it."""

    MEDICATION = "medication"
    SUPPLY = "supply"
    EQUIPMENT = "equipment"


class LotStatus(StrEnum):
    """Whether a lot may be used; only `available` ones are taken from."""

    AVAILABLE = "available"
    QUARANTINED = "quarantined"
    ON_HOLD = "on_hold"
    RECALLED = "recalled"
    DAMAGED = "damaged"


class Activity(StrEnum):
    """Why stock moved."""

    ADD = "add"
    DISCARD = "discard"
    FILL = "fillpresc"
    SALE = "sellnonpresc"
    USE = "use"
    ADJUST = "adjust"
    COUNT = "count"
    RETURN = "return"
    REVERSE = "reverse"
