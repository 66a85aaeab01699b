"""Every way in and out, over HTTP."""

from server.modules.auth.resources import account, links, mfa, sessions, sign_in, users
from server.modules.auth.resources.routing import blueprint

__all__ = ["account", "blueprint", "links", "mfa", "sessions", "sign_in", "users"]
