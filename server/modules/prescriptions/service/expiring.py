"""The job that marks prescriptions as expired; whoever reads or fills one goes by the day and does not wait for it."""

from __future__ import annotations

from server.core.uow import command
from server.modules.prescriptions.service.ending import expire_batch


def expire() -> int:
    """Mark as expired what is open and past its last day; return how many."""
    count = 0
    while True:
        with command("prescriptions.expire", "prescription"):
            done = expire_batch()
        count += done
        if not done:
            return count
