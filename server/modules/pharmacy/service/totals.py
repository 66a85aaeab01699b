"""Count what a sale costs, what is given back of its payments, and what a refund gives back of a line.

Pure, in minor units of the clinic's currency; tax rates are hundredths of a percent. Halves are rounded up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.core.errors import Invalid, refused
from server.core.money import LARGEST
from server.modules.pharmacy.enums import PaymentMethod

_WHOLE = 100 * 100


class PaymentShort(Invalid):
    """The payments do not cover the total."""

    code = "payment_short"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a line, or a sale, costs."""

    subtotal: int
    tax: int

    @property
    def total(self) -> int:
        """What is to be paid for it."""
        return self.subtotal + self.tax


def cost_of(quantity: int, unit_price: int, tax_rate: int) -> Cost:
    """Return what a line costs; its tax is rounded for itself."""
    subtotal = quantity * unit_price
    return Cost(subtotal, _divided(subtotal * tax_rate, _WHOLE))


def sum_of(costs: Sequence[Cost]) -> Cost:
    """Return what lines cost together, or raise a 422 where that is more than can be counted."""
    whole = Cost(sum(one.subtotal for one in costs), sum(one.tax for one in costs))
    if whole.total > LARGEST:
        raise refused("lines", why="Nobody sells so much at once.")
    return whole


def change_of(payments: Sequence[Mapping[str, Any]], total: int) -> int:
    """Return what is given back of payments that cover a total: of cash alone."""
    paid: int = sum(one["amount"] for one in payments)
    if paid < total:
        raise PaymentShort({"payments": [PaymentShort.default_message()]})
    in_cash = sum(one["amount"] for one in payments if one["method"] == PaymentMethod.CASH)
    if paid - total > in_cash:
        raise refused("payments", why="Change is given of cash only: these payments are above the total.")
    return paid - total


def refund_of(total: int, quantity: int, refunded_before: int, refunded_now: int) -> int:
    """Return what so many units more give back of a line: all of them together give back its total, never more."""
    before = _divided(total * refunded_before, quantity)
    return _divided(total * (refunded_before + refunded_now), quantity) - before


def _divided(number: int, by: int) -> int:
    """Return a quotient that is not negative, halves rounded up."""
    return (2 * number + by) // (2 * by)
