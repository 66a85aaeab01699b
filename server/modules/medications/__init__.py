"""Medication: the catalogue, its ingredients and classes, and which drugs harm together."""

from flask import Flask

from server.modules.inventory import signals as of_items
from server.modules.medications import cli, models as _tables, policies  # noqa: F401 - tables are known
from server.modules.medications.service import products


def init_module(app: Flask) -> None:
    """Grant the permissions of this module, add its commands, and follow the items that products stand on."""
    app.extensions["grid"].add(policies.GRANTS)
    cli.add_commands(app)
    of_items.item_changed.connect(products.follow_item)
