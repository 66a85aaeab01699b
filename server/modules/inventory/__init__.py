"""Stock: items, their lots, and one ledger of every movement."""

from flask import Flask

from server.modules.inventory import models as _tables  # noqa: F401 - tables are known


def init_module(app: Flask) -> None:
    """Other rooms move stock through `inventory.service`; its own endpoints are not built yet."""
