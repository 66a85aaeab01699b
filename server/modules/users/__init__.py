"""Accounts of people who may sign in, and the roles that they hold."""

from flask import Flask

from server.modules.users import policies


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
