"""Accounts of people who may sign in, and the roles that they hold."""

from flask import Flask

from server.modules.notifications import addresses as notified
from server.modules.users import addresses, policies


def init_module(app: Flask) -> None:
    """Grant the permissions of this module, and say where users get mail."""
    app.extensions["grid"].add(policies.GRANTS)
    notified.serve(app, addresses.address_of)
