"""The fee schedule and the supply room of the demo clinic; prices are made up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.db import db
from server.core.fields import normal_form
from server.modules.billing.models import Service
from server.modules.billing.service import fees
from server.modules.inventory.enums import Activity, ItemKind
from server.modules.inventory.models import Item
from server.modules.inventory.service import items
from server.modules.inventory.service.ledger import Cause

# Code, name, price in minor units, minutes.
SERVICES = (
    ("CONS", "Consultation", 6000, 20),
    ("CONS-F", "Follow-up consultation", 3500, 10),
    ("ECG", "Electrocardiogram, 12 leads", 4500, 15),
    ("DRESS", "Wound dressing", 2500, 15),
    ("SUTURE", "Suture of a small wound", 9000, 30),
    ("EARWASH", "Ear irrigation", 3000, 15),
    ("SPIRO", "Spirometry", 5500, 20),
    ("INJ", "Injection", 1500, 5),
)
# Number, name, base unit, units in a pack, cost of a unit, reorder point, how many there are, days to their expiry.
SUPPLIES = (
    ("GAUZE-10", "Gauze pad 10 x 10 cm, sterile", "piece", 100, 12, 200, 600, 700),
    ("GLOVE-M", "Examination glove, nitrile, M", "piece", 100, 8, 500, 1500, 900),
    ("SYR-5", "Syringe 5 ml", "piece", 100, 15, 200, 500, 1000),
    ("NEEDLE-21", "Needle 21G", "piece", 100, 6, 200, 500, 1000),
    ("SUT-4-0", "Suture 4-0, non-absorbable", "piece", 36, 350, 24, 60, 500),
    ("TAPE-25", "Adhesive tape 2.5 cm", "roll", 12, 180, 12, 40, None),
    ("ELECTRODE", "ECG electrode", "piece", 50, 20, 100, 400, 400),
    ("SPIRO-MP", "Spirometer mouthpiece", "piece", 100, 40, 50, 45, None),
)


def fill_shelves(next_id: Callable[[], uuid.UUID]) -> None:
    """Put services on the fee schedule and supplies on the shelves, but what is there already."""
    for code, name, price, minutes in SERVICES:
        service_id = next_id()
        if db.session.scalar(select(Service.id).where(Service.code_key == normal_form(code))) is None:
            fees.add(id=service_id, code=code, name=name, price=price, duration_minutes=minutes)
    for number, name, unit, pack_size, unit_cost, reorder_point, count, days in SUPPLIES:
        item_id = next_id()
        if db.session.scalar(select(Item.id).where(Item.sku == number)) is None:
            items.add_item(
                id=item_id,
                name=name,
                sku=number,
                kind=ItemKind.SUPPLY,
                unit=unit,
                pack_size=pack_size,
                unit_cost=unit_cost,
                reorder_point=reorder_point,
                target_level=reorder_point * 3,
            )
            expires_on = clock.today() + timedelta(days=days) if days else None
            lot_number = f"D-{number}" if days else None
            cause = Cause(activity=Activity.ADD, actor=None, reason="Demo data")
            items.receive_lot(
                item_id=item_id, quantity=count, lot_number=lot_number, expires_on=expires_on, cause=cause
            )
    # The audit row is about all of them, not about the first.
    trails.current().object_id = None
