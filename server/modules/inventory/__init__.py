"""Stock: items, their lots, and one ledger of every movement; orders, counts and recalls."""

from flask import Flask

from server.modules.inventory import alerts, models as _tables, policies  # noqa: F401 - tables are known


def init_module(app: Flask) -> None:
    """Grant the permissions, and have those who buy told of what runs low."""
    app.extensions["grid"].add(policies.GRANTS)
    alerts.install()
