"""Lay out the receipt of a sale for a till's roll of paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from server.core import clock
from server.core.pdf import Roll

_BIG, _SMALL = 11, 7.5


def receipt_pdf(receipt: Mapping[str, Any]) -> bytes:
    """Return a receipt as a PDF: as long as what is on it."""
    length = _laid_out(receipt, Roll.LONGEST).measured()
    return _laid_out(receipt, length).finished()


def _laid_out(receipt: Mapping[str, Any], length: float) -> Roll:
    clinic, number = receipt["clinic"], receipt["receipt_number"]
    roll = Roll(title=f"Receipt {number}", author=clinic["name"], length=length)
    roll.line_of(clinic["name"], size=_BIG, is_bold=True)
    for line in _contacts(clinic):
        roll.line_of(line)
    roll.rule()
    roll.amount(f"Receipt {number}", _moment(receipt["timestamp"]), is_bold=True)
    if receipt["patient"]:
        roll.line_of(f"{receipt['patient']['name']} ({receipt['patient']['mrn']})")
    roll.rule()
    for line in receipt["lines"]:
        roll.line_of(line["description"])
        tax = f" + {line['tax_rate']} % tax" if line["tax_rate"] != "0" else ""
        roll.amount(f"   {line['quantity']} \N{MULTIPLICATION SIGN} {line['unit_price']}{tax}", line["subtotal"])
    roll.rule()
    _totals(roll, receipt)
    _payments(roll, receipt)
    _refunds(roll, receipt)
    roll.ln(1)
    roll.line_of(f"Printed {_moment(clock.now())}", size=_SMALL)
    return roll


def _contacts(clinic: Mapping[str, Any]) -> list[str]:
    address = clinic["address"] or {}
    place = " ".join(filter(None, (address.get("postal_code"), address.get("city"), address.get("state"))))
    lines = (address.get("line1"), address.get("line2"), place, clinic["phone"], clinic["email"])
    return [line for line in lines if line]


def _totals(roll: Roll, receipt: Mapping[str, Any]) -> None:
    if Decimal(receipt["tax"]):
        roll.amount("Subtotal", receipt["subtotal"])
        for rate, tax in _tax_by_rate(receipt).items():
            roll.amount(f"Tax {rate} %", tax)
    roll.amount(f"Total {receipt['currency']}", receipt["total"], size=_BIG, is_bold=True)


def _tax_by_rate(receipt: Mapping[str, Any]) -> dict[str, str]:
    taxes: dict[str, Decimal] = defaultdict(Decimal)
    for line in receipt["lines"]:
        if line["tax_rate"] != "0":
            taxes[line["tax_rate"]] += Decimal(line["tax"])
    return {rate: str(taxes[rate]) for rate in sorted(taxes, key=Decimal)}


def _payments(roll: Roll, receipt: Mapping[str, Any]) -> None:
    roll.ln(1)
    for one in receipt["payments"]:
        reference = f" ({one['reference']})" if one["reference"] else ""
        roll.amount(f"{_word(one['method'])}{reference}", one["amount"])
    if Decimal(receipt["change"]):
        roll.amount("Change", receipt["change"])


def _refunds(roll: Roll, receipt: Mapping[str, Any]) -> None:
    if not receipt["refunds"]:
        return
    named = {line["id"]: line["description"] for line in receipt["lines"]}
    roll.rule()
    for one in receipt["refunds"]:
        roll.amount(f"Refunded, {_word(one['method']).lower()}", _moment(one["at"]), is_bold=True)
        for line in one["lines"]:
            roll.line_of(named[line["line_id"]])
            roll.amount(f"   {line['quantity']} back", f"-{line['amount']}")
    paid = Decimal(receipt["total"]) - Decimal(receipt["refunded"])
    roll.amount(f"Paid after refunds {receipt['currency']}", str(paid), is_bold=True)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(clock.clinic_zone()):%Y-%m-%d %H:%M}"


def _word(word: str) -> str:
    return word.replace("_", " ").capitalize()
