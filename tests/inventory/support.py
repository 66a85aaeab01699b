"""What tests of stock share: taking and putting back, each as a unit of work of its own."""

import uuid
from typing import Any

from flask import Flask

from server.core.db import reading
from server.core.uow import command
from server.modules.inventory.enums import Activity
from server.modules.inventory.queries.reconciliation import Reconciliation, reconcile
from server.modules.inventory.service import taking
from server.modules.inventory.service.ledger import Cause, Moved
from server.modules.inventory.service.taking import Wanted


def take(app: Flask, *wanted: Wanted, activity: Activity = Activity.USE, **cause: Any) -> list[Moved]:
    """Take what is wanted."""
    with app.app_context(), command("tests.take", "stock"):
        return taking.take(wanted, cause=Cause(activity=activity, actor=None, **cause))


def put_back(app: Flask, document_id: uuid.UUID, lots: dict[uuid.UUID, int] | None = None) -> list[Moved]:
    """Put back what a document took."""
    cause = Cause(activity=Activity.REVERSE, actor=None, document_type="test", document_id=document_id)
    with app.app_context(), command("tests.put_back", "stock"):
        return taking.put_back(cause=cause, lots=lots)


def reconciled(app: Flask) -> Reconciliation:
    """Recompute every balance."""
    with app.app_context():
        return reconcile(reading())


def changes(moved: list[Moved]) -> list[tuple[uuid.UUID, int]]:
    """Return of which lots how much has moved."""
    return [(one.lot_id, one.change) for one in moved]
