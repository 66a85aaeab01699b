"""What documents of a kind took of some lots and have not given back."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select

from server.modules.inventory.models import StockMovement


def still_out(document_type: str, lot_ids: Collection[uuid.UUID]) -> Select[Any, Any, Any, Any]:
    """Return, by document and lot, the quantity that is out, and when the first of it left."""
    net = -func.sum(StockMovement.quantity_changed_by)
    return (
        select(
            StockMovement.document_id,
            StockMovement.lot_id,
            net.label("quantity"),
            func.min(StockMovement.occurred_at).label("given_at"),
        )
        .where(StockMovement.document_type == document_type, StockMovement.lot_id.in_(lot_ids))
        .group_by(StockMovement.document_id, StockMovement.lot_id)
        .having(net > 0)
    )
