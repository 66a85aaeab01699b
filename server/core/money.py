"""Count money in minor units: whole cents (or what the currency has) in tables and rules, decimal strings outside."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# Decimal places of the currencies that have not two (ISO 4217, list one).
_WITHOUT = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF")
_PLACES = {
    **dict.fromkeys((*_WITHOUT, "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
LARGEST = 10**15  # minor units; far below what a BigInteger holds, so that sums cannot overflow


class NotMoney(ValueError):
    """The text is no amount in the currency, or no rate: no decimal number, too many places, or too large."""


def places_of(currency: str) -> int:
    """Return how many decimal places a currency has."""
    return _PLACES.get(currency, 2)


def parse_money(text: str, currency: str) -> int:
    """Return the minor units of a decimal string such as `12.50`; more places than the currency has are refused."""
    try:
        amount = Decimal(text) if text.isascii() and text.strip() == text and "_" not in text else Decimal("nan")
    except InvalidOperation:
        raise NotMoney(text) from None
    if not amount.is_finite() or abs(amount) > LARGEST or "e" in text.lower():
        raise NotMoney(text)
    places = places_of(currency)
    # Counted as they are written: scaling rounds what is longer than the precision of decimals.
    if "." in text and len(text) - text.index(".") - 1 > places:
        raise NotMoney(text)
    minor = amount.scaleb(places)
    if abs(minor) > LARGEST:
        raise NotMoney(text)
    return int(minor)


def format_money(minor: int, currency: str) -> str:
    """Return minor units as the decimal string that answers carry."""
    places = places_of(currency)
    return str(Decimal(minor).scaleb(-places).quantize(Decimal(1).scaleb(-places)))


def parse_percent(text: str) -> int:
    """Return the hundredths of a percent of a decimal string from 0 to 100, such as `7.5`; at most two places."""
    if re.fullmatch(r"(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)", text, re.ASCII) is None:
        raise NotMoney(text)
    return int(Decimal(text) * 100)


def format_percent(hundredths: int) -> str:
    """Return hundredths of a percent as the decimal string that answers carry, without zeros at its end."""
    whole, part = divmod(hundredths, 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".")


def round_minor(amount: Decimal) -> int:
    """Return an amount of fractional minor units as whole ones, half away from zero (the contract's half-up)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
