"""Lay out labels for the printer of the counter, and prescriptions for paper with a code that leads to their check."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import segno

from server.core import clock, state
from server.core.pdf import Printout, Roll, paper_of

_BIG, _PLAIN, _SMALL = 11, 9, 7.5
_CODE = 34
_FACTS = ("strength", "form")

Shown = Mapping[str, Any]


def labels_pdf(found: Shown) -> bytes:
    """Return the labels of a prescription, a page each, on a roll that is cut where the longest ends."""
    length = max(_one_label(found, label, Roll.LONGEST).measured() for label in found["labels"])
    roll = _roll(found, length)
    for number, label in enumerate(found["labels"]):
        if number:
            roll.add_page()
        _write_label(roll, found, label)
    return roll.finished()


def _roll(found: Shown, length: float) -> Roll:
    return Roll(title=f"Label {found['rx_number']}", author=found["pharmacy"]["name"], length=length)


def _one_label(found: Shown, label: Shown, length: float) -> Roll:
    roll = _roll(found, length)
    _write_label(roll, found, label)
    return roll


def _write_label(roll: Roll, found: Shown, label: Shown) -> None:
    pharmacy, patient = found["pharmacy"], found["patient"]
    roll.line_of(pharmacy["name"], size=_PLAIN, is_bold=True)
    for line in contacts(pharmacy):
        roll.line_of(line, size=_SMALL)
    roll.rule()
    roll.amount(found["rx_number"], _day(label["date"] or clock.today()), size=_PLAIN)
    roll.line_of(patient["name"], size=_BIG, is_bold=True)
    roll.line_of(f"{patient['mrn']}, born {_day(patient['date_of_birth'])}", size=_SMALL)
    roll.rule()
    roll.line_of(product(label["medication"]), size=_PLAIN + 1, is_bold=True)
    for line in label["directions"].split("\n"):
        roll.line_of(line, size=_BIG)
    roll.rule()
    refills = label["refills_left"]
    roll.amount(
        f"Quantity {label['quantity'] or 'not said'}", f"Refills left {0 if refills is None else refills}", size=_PLAIN
    )
    for lot in label["lots"]:
        ends = f"use by {_day(lot['expires_on'])}" if lot["expires_on"] else ""
        roll.amount(f"Lot {lot['lot_number'] or 'not said'}", ends, size=_SMALL)
    if found["prescriber"]:
        roll.line_of(f"Prescribed by {found['prescriber']['name']}", size=_SMALL)
    for warning in label["warnings"]:
        roll.line_of(warning, size=_SMALL, is_bold=True)


def prescription_pdf(found: Shown, *, address: str) -> bytes:
    """Return a prescription on paper; the code leads to `address`, where anybody sees that it is genuine."""
    pharmacy, patient = found["pharmacy"], found["patient"]
    who = f"{patient['name']}, {patient['mrn']}"
    page = Printout(
        title=f"Prescription {found['rx_number']}",
        footer_text=f"Prescription {found['rx_number']}: {who}",
        author=pharmacy["name"],
        paper=paper_of(state.settings().clinic_country),
    )
    page.letterhead(pharmacy["name"], contacts(pharmacy), None)
    page.headline(f"Prescription {found['rx_number']}", _standing(found))
    page.pairs(_facts_of(found))
    for number, item in enumerate(found["items"], 1):
        page.section(f"{number}. {product(item['medication'])}", space=40)
        page.text_of(item["directions"])
        page.pairs(_amounts_of(item))
    if found["notes"]:
        page.section("Note to the pharmacy")
        page.text_of(found["notes"])
    _sign(page, found, address)
    return page.finished()


def _standing(found: Shown) -> str:
    closed = found["status"] not in ("active", "partially_filled", "filled")
    return f"This prescription is {found['status'].replace('_', ' ')}." if closed else ""


def _facts_of(found: Shown) -> list[tuple[str, str]]:
    patient, prescriber = found["patient"], found["prescriber"] or {}
    facts = [
        ("Patient", patient["name"]),
        ("Number", patient["mrn"]),
        ("Born", _day(patient["date_of_birth"])),
        ("Sex", patient["sex"]),
        ("Prescriber", prescriber.get("name") or "not said"),
        ("Licence", prescriber.get("license_number") or "not said"),
        ("Issued", _day(found["date_prescribed"])),
        ("Valid until", _day(found["expires_on"]) if found["expires_on"] else "not said"),
    ]
    return [(label, str(value)) for label, value in facts]


def _amounts_of(item: Shown) -> list[tuple[str, str]]:
    quantity, schedule = item["quantity"], item["medication"]["controlled_schedule"]
    pairs = [
        ("Quantity", "not said" if quantity is None else str(quantity)),
        ("Refills", str(item["refills_allowed"])),
        ("Substitution", "allowed" if item["substitution_allowed"] else "not allowed"),
    ]
    return [*pairs, ("Schedule", schedule)] if schedule else pairs


def _sign(page: Printout, found: Shown, address: str) -> None:
    """Write the line to sign on, and beside it the code."""
    if page.will_page_break(_CODE + 22):
        page.add_page()
    page.ln(10)
    top, right = page.get_y(), page.w - page.r_margin
    png = io.BytesIO()
    segno.make(address, error="m", micro=False).save(png, kind="png", scale=8, border=2)
    page.image(png, x=right - _CODE, y=top, w=_CODE, h=_CODE, alt_text="Code to verify this prescription")
    page.set_y(top + 12)
    page.line(page.l_margin, page.get_y(), page.l_margin + 75, page.get_y())
    page.ln(1)
    page.note(f"Signature of {(found['prescriber'] or {}).get('name') or 'the prescriber'}")
    page.set_y(top + _CODE + 1)
    page.note("The code leads to whether this prescription is genuine and still open. Without a scanner:")
    page.note(address)


def product(medication: Shown) -> str:
    """Return a medication with its strength and form, where its name does not say them."""
    name = str(medication["name"])
    more = [
        medication[fact] for fact in _FACTS if medication[fact] and medication[fact].casefold() not in name.casefold()
    ]
    return ", ".join([name, *more])


def contacts(pharmacy: Shown) -> Sequence[str]:
    """Return the lines below the name of who prints."""
    address = pharmacy["address"] or {}
    place = " ".join(filter(None, (address.get("postal_code"), address.get("city"), address.get("state"))))
    lines = (address.get("line1"), address.get("line2"), place, pharmacy["phone"], pharmacy["email"])
    return [line for line in lines if line]


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
