"""Notice when what is available of an item sinks to its reorder point."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from server.core import clock
from server.modules.inventory import signals
from server.modules.inventory.service.shelves import Shelf


@contextmanager
def watched(shelves: Mapping[uuid.UUID, Shelf]) -> Iterator[None]:
    """Tell, once the body has run, of each shelf that was above its reorder point before and is not any more."""
    today = clock.today()
    had = {item_id: shelf.available(today) for item_id, shelf in shelves.items()}
    yield
    for item_id, shelf in shelves.items():
        left = shelf.available(today)
        if left <= shelf.reorder_point < had[item_id]:
            signals.reorder_point_crossed.send(item_id=item_id, available=left, reorder_point=shelf.reorder_point)
