"""Prescriptions: prescribed, checked for safety, changed by new versions, verified on paper."""

from flask import Flask

from server.modules.prescriptions import models as _tables, policies  # noqa: F401 - tables are known


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
