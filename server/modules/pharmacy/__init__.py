"""The pharmacy: filling prescriptions, selling over the counter, the register of controlled drugs."""

from flask import Flask

from server.modules.pharmacy import models as _tables, policies  # noqa: F401 - tables are known
from server.modules.pharmacy.service import register


def init_module(app: Flask) -> None:
    """Grant the permissions, and keep the register of controlled drugs whatever moves their stock."""
    app.extensions["grid"].add(policies.GRANTS)
    register.install()
