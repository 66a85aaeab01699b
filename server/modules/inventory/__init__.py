"""Stock: items, their lots, and one ledger of every movement; orders, counts and recalls."""

from flask import Flask

from server.modules.inventory import alerts, models as _tables, policies, tasks  # noqa: F401 - tables are known
from server.modules.inventory.cli import add_commands


def init_module(app: Flask) -> None:
    """Grant the permissions, and have those who buy told of what runs low."""
    app.extensions["grid"].add(policies.GRANTS)
    alerts.install()
    tasks.install(app)
    add_commands(app)
