"""Let people in and out: sign-in, sessions, tokens, invitations."""

from flask import Flask

from server.modules.auth import cleaning, cli, mails, principals, tokens
from server.modules.auth.service import addresses, links, sessions
from server.modules.users import signals as of_users


def init_module(app: Flask) -> None:
    """Set up tokens, answer who is calling, and end sessions when an account is closed."""
    tokens.init_tokens(app)
    mails.install()
    cleaning.install(app)
    cli.add_commands(app)
    app.extensions["authenticate"] = principals.authenticate
    of_users.deactivated.connect(sessions.on_deactivated)
    of_users.deactivated.connect(links.on_deactivated)
    of_users.authority_changed.connect(sessions.on_authority_changed)
    of_users.email_change_asked.connect(addresses.on_email_change_asked)
