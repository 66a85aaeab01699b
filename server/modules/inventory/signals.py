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

# Sent with `item=` and `changed=` (names of columns) once somebody has changed what is said of an item, or taken it out
# of use; not when it moves.
item_changed = signal("inventory.item_changed")

# Sent with `item_id=`, `lot_id=` and `status=` when a lot that could be used may not be any more: whoever has reserved
# of it chooses anew.
lot_blocked = signal("inventory.lot_blocked")
