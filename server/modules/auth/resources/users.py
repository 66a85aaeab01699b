"""What admins do with the sign-in of others, over HTTP."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.declare import declares
from server.core.resource import Resource
from server.modules.auth.resources.routing import api
from server.modules.auth.service import administration
from server.modules.users.policies import Perm
from server.modules.users.schemas import UserOut
from server.modules.users.service import AlreadyActive, OwnAccount

_ANSWER = {"object_type": "user", "out": UserOut, "status": 200}


class UserUnlock(Resource):
    """The end of a lock."""

    @declares(Perm.MANAGE, action="users.unlock", problems=(OwnAccount,), **_ANSWER)
    def put(self, user_id: uuid.UUID) -> Response:
        """Let a locked account sign in again."""
        return self.show(administration.unlock(actor=self.actor, user_id=user_id), "Account unlocked.")


class UserReactivate(Resource):
    """The end of a deactivation."""

    @declares(Perm.MANAGE, action="users.reactivate", problems=(OwnAccount,), **_ANSWER)
    def post(self, user_id: uuid.UUID) -> Response:
        """Take the deactivation of an account back; one that was never opened is invited afresh."""
        return self.show(administration.reactivate(actor=self.actor, user_id=user_id), "Account reactivated.")


class UserSignOut(Resource):
    """The end of a user's sessions."""

    @declares(Perm.MANAGE, action="users.sign_out", **_ANSWER)
    def post(self, user_id: uuid.UUID) -> Response:
        """End all sessions of a user."""
        return self.show(administration.sign_out(user_id=user_id), "Signed out everywhere.")


class UserInvite(Resource):
    """Another invitation."""

    @declares(Perm.MANAGE, action="users.invite_again", problems=(AlreadyActive,), **_ANSWER)
    def post(self, user_id: uuid.UUID) -> Response:
        """Mail a fresh invitation link; the old one dies."""
        return self.show(administration.invite_again(user_id=user_id), "Invitation sent.")


api.add_resource(UserUnlock, "/users/<uuid:user_id>/unlock")
api.add_resource(UserReactivate, "/users/<uuid:user_id>/reactivate")
api.add_resource(UserSignOut, "/users/<uuid:user_id>/sign-out")
api.add_resource(UserInvite, "/users/<uuid:user_id>/invite")
