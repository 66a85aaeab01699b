"""The dispensary of the demo clinic: a few products with what is on the shelf; prices are made up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.db import db
from server.modules.inventory.models import Item
from server.modules.medications.enums import Schedule
from server.modules.medications.service import products

# Number, ingredient, strength, form, brands, by prescription, schedule, price of a unit, how many, days to expiry.
PRODUCTS = (
    ("MED-AMOX500", "Amoxicillin", "500 mg", "capsule", (), True, None, 45, 420, 540),
    ("MED-APAP500", "Acetaminophen", "500 mg", "tablet", ("Tylenol", "Panadol"), False, None, 9, 1200, 800),
    ("MED-IBU400", "Ibuprofen", "400 mg", "tablet", ("Advil", "Motrin"), False, None, 14, 900, 700),
    ("MED-LORA10", "Loratadine", "10 mg", "tablet", ("Claritin",), False, None, 22, 300, 600),
    ("MED-METF500", "Metformin", "500 mg", "tablet", ("Glucophage",), True, None, 12, 1500, 900),
    ("MED-OMEP20", "Omeprazole", "20 mg", "capsule", ("Prilosec",), True, None, 28, 600, 450),
    ("MED-LISI10", "Lisinopril", "10 mg", "tablet", ("Zestril",), True, None, 15, 800, 650),
    ("MED-MORPH10", "Morphine", "10 mg", "tablet", (), True, Schedule.II, 60, 100, 400),
)


def stock_dispensary(next_id: Callable[[], uuid.UUID]) -> None:
    """Put products into the catalogue and on the shelf, but what is there already."""
    for number, ingredient, strength, form, brands, by_prescription, schedule, price, count, days in PRODUCTS:
        medication_id = next_id()
        if db.session.scalar(select(Item.id).where(Item.sku == number)) is None:
            products.add(
                actor=None,
                id=medication_id,
                name=f"{ingredient} {strength} {form}",
                generic_name=ingredient,
                ingredients=[{"name": ingredient}],
                brands=brands,
                strength=strength,
                form=form,
                route="oral",
                prescription_required=by_prescription,
                controlled_schedule=schedule,
                price_per_unit=price,
                tax_rate=0,
                sku=number,
                pack_size=30,
                reorder_point=100,
                quantity=count,
                lot_number=f"D-{number}",
                expiration_date=clock.today() + timedelta(days=days),
            )
    # The audit row is about all of them, not about the first.
    trails.current().object_id = None
