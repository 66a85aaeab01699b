"""The blueprint of this module, and the answer of everything that signs somebody in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from server.core import answers, trail as trails
from server.core.dump import entity_dumper
from server.core.resource import Api
from server.modules.auth.resources import cookies
from server.modules.auth.schemas.sign_in import SignInOut
from server.modules.auth.service import sessions
from server.modules.users.models import User
from server.modules.users.schemas import UserOut

blueprint = Blueprint("auth", __name__)
api = Api(blueprint)

SIGNS_IN = {"status": 200, "object_type": "user", "idempotent": False, "out": SignInOut}


def device(body: Mapping[str, Any]) -> sessions.Device:
    """Return from where this request comes, and what it says of itself."""
    return sessions.Device(
        user_agent=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
        token=body.get("device_token"),
        wants_cookie=body.get("cookie", False),
    )


def signed_in(found: tuple[sessions.Pair, User], message: str, **more: Any) -> Response:
    """Answer the tokens of a session and its user; a session of cookies has its refresh token there alone."""
    pair, user = found
    trails.current().about(user.id)
    data: dict[str, Any] = {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "refresh_expires_in": pair.refresh_expires_in,
        "session_id": pair.session_id,
        "device_token": pair.device_token,
        "user": entity_dumper(UserOut)(user),
        **more,
    }
    if not pair.uses_cookie:
        return answers.envelope(data, message=message)
    del data["refresh_token"]
    response = answers.envelope({**data, "csrf_token": cookies.csrf_token_of(pair.session_id)}, message=message)
    cookies.put(response, pair)
    return response
