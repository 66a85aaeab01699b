"""The words of billing."""

from enum import StrEnum


class ChargeStatus(StrEnum):
    """Where a charge stands: not yet on an invoice, on one, settled otherwise, or taken back."""

    OPEN = "open"
    INVOICED = "invoiced"
    SETTLED = "settled"
    VOID = "void"
