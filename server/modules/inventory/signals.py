"""What upper modules may react to, or veto with a DomainError, in the same unit of work."""

from blinker import signal

# Sent with `item_id=`, `available=` and `reorder_point=` when what is available of an item has just sunk to its reorder
# point or below it; again only once it has been above it in between.
reorder_point_crossed = signal("inventory.reorder_point_crossed")
