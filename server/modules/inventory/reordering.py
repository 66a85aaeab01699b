"""How much of an item is ordered: up to what there is to be of it, in whole packs."""

from __future__ import annotations

from server.core.fields import MAX_INT


def suggested(available: int, on_order: int, reorder_point: int, target_level: int, pack_size: int) -> int:
    """Return how many units to order of what is at its reorder point, what is on order already counted.

    What has no target level is filled up to twice its reorder point.
    """
    if available > reorder_point:
        return 0
    target = min(target_level or 2 * reorder_point, MAX_INT)
    missing = target - available - on_order
    if missing <= 0:
        return 0
    packs = -(-missing // pack_size)
    return min(packs, MAX_INT // pack_size) * pack_size
