"""Medication: the catalogue, its ingredients and classes, and which drugs harm together."""

from flask import Flask

from server.modules.medications import cli, models as _tables, policies  # noqa: F401 - tables are known


def init_module(app: Flask) -> None:
    """Grant the permissions of this module and add its commands."""
    app.extensions["grid"].add(policies.GRANTS)
    cli.add_commands(app)
