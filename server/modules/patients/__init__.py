"""The people the clinic cares for: who they are, what is known of their health, and who may open their chart."""

from flask import Flask

from server.core import idempotency, resource
from server.modules.auth import me, signals as of_auth
from server.modules.patients import cli, mails, policies, queries
from server.modules.patients.queries import shown as own_parts
from server.modules.patients.queries.people import survivor_of
from server.modules.patients.service import merge_resolvers as own_tables, people, portal
from server.modules.users import signals as of_users


def init_module(app: Flask) -> None:
    """Grant the permissions, tell `/auth/me` one's own chart, and add the commands."""
    app.extensions["grid"].add(policies.GRANTS)
    idempotency.check_scope_with("patient", queries.require_visible)
    me.add_part(queries.own_patient)
    me.add_part(queries.wards)
    resource.follow("patient_id", survivor_of)
    own_tables.install()
    own_parts.install()
    mails.install()
    of_auth.registered.connect(portal.welcome)
    of_auth.portal_accepted.connect(portal.tie)
    of_users.reopening.connect(people.keep_closed_with_merged_chart)
    cli.add_commands(app)
