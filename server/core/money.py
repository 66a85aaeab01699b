"""Count money in minor units: whole cents (or what the currency has) in tables and rules, decimal strings outside."""

from __future__ import annotations

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
    """The text is no amount in the currency: no decimal number, too many places, or too large."""


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
    minor = amount.scaleb(places_of(currency))
    if minor != minor.to_integral_value() or abs(minor) > LARGEST:
        raise NotMoney(text)
    return int(minor)


def format_money(minor: int, currency: str) -> str:
    """Return minor units as the decimal string that answers carry."""
    places = places_of(currency)
    return str(Decimal(minor).scaleb(-places).quantize(Decimal(1).scaleb(-places)))


def round_minor(amount: Decimal) -> int:
    """Return an amount of fractional minor units as whole ones, half away from zero (the contract's half-up)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
