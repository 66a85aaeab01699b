"""What the clinic's work costs: the fee schedule, and the charges that wait for an invoice."""

from flask import Flask

from server.modules.billing import models as _tables, policies  # noqa: F401 - tables are known


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
