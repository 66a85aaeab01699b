"""The pharmacy: filling prescriptions, selling over the counter, the register of controlled drugs."""

from flask import Flask

from server.modules.pharmacy import models as _tables, policies  # noqa: F401 - tables are known


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
