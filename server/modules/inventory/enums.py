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


class OrderStatus(StrEnum):
    """Where an order stands; what has come of it makes it partially received and received."""

    DRAFT = "draft"
    ORDERED = "ordered"
    PARTIALLY_RECEIVED = "partially_received"
    RECEIVED = "received"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class StocktakeStatus(StrEnum):
    """Where a count stands."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Uncounted(StrEnum):
    """What becomes of the lines of a count that nobody has counted when it is closed."""

    IGNORE = "ignore"
    REFUSE = "refuse"
