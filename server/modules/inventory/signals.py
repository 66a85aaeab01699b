"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `item_id=`, `available=` and `reorder_point=` when what is available of an item has just sunk to its reorder
# point or below it; again only once it has been above it in between.
reorder_point_crossed = signal("inventory.reorder_point_crossed")

# Sent with `steps=` (ledger.Step) and `cause=` before anything is written: whoever knows why it must not move so, such
# as controlled drugs without a witness, raises it.
stock_moving = signal("inventory.stock_moving")

# Sent with `moved=` (a sequence of ledger.Moved) and `cause=` once the ledger has been written.
stock_moved = signal("inventory.stock_moved")
