"""The people the clinic cares for: who they are, what is known of their health, and who may open their chart."""

from flask import Flask

from server.core import idempotency
from server.modules.auth import me
from server.modules.patients import cli, policies, queries


def init_module(app: Flask) -> None:
    """Grant the permissions, tell `/auth/me` one's own chart, and add the commands."""
    app.extensions["grid"].add(policies.GRANTS)
    idempotency.check_scope_with("patient", queries.require_visible)
    me.add_part(queries.own_patient)
    cli.add_commands(app)
