"""Let people in and out: sign-in, sessions, tokens, invitations."""

from flask import Flask

from server.modules.auth import mails, principals, tokens
from server.modules.auth.service import sessions
from server.modules.users import signals


def init_module(app: Flask) -> None:
    """Set up tokens, answer who is calling, and end sessions when an account is closed."""
    tokens.init_tokens(app)
    mails.install()
    app.extensions["authenticate"] = principals.authenticate
    signals.deactivated.connect(sessions.on_deactivated)
    signals.authority_changed.connect(sessions.on_authority_changed)
