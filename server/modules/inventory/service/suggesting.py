"""Draw up what is to be ordered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.core.access import Actor
from server.core.db import db
from server.core.errors import Conflict
from server.modules.inventory.models import PurchaseOrder
from server.modules.inventory.queries.reordering import missing
from server.modules.inventory.service.orders import draw_number, draw_up
from server.modules.inventory.service.suppliers import is_in_use


class NothingToOrder(Conflict):
    """Nothing is at its reorder point of which not enough is on order already."""

    code = "nothing_to_order"


def suggest(*, actor: Actor, form: Mapping[str, Any], most: int) -> PurchaseOrder:
    """Draw up one draft of everything that is low, in whole packs; of the supplier whom all of it comes from, if any.

    Who draws the next number waits for this one, so of two who ask at once the second finds it all on order.
    """
    number = draw_number()
    found = missing(db.session.connection(), actor, form, most=most)
    if not found:
        raise NothingToOrder
    suppliers = {one.item.supplier_id for one in found}
    supplier_id = suppliers.pop() if len(suppliers) == 1 else None
    if supplier_id is not None and not is_in_use(supplier_id):
        supplier_id = None
    lines = [{"item_id": one.item.id, "quantity_ordered": one.quantity} for one in found]
    return draw_up(actor=actor, number=number, supplier_id=supplier_id, lines=lines)
