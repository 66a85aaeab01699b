"""One's own sessions over HTTP."""

from __future__ import annotations

import uuid

from flask import Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.resource import Resource
from server.modules.auth import queries
from server.modules.auth.resources.routing import api
from server.modules.auth.schemas.account import SessionOut, SessionQuery
from server.modules.auth.service import sessions
from server.modules.users import queries as users
from server.modules.users.policies import Perm


class SessionCollection(Resource):
    """One's own sessions."""

    @declares(
        Perm.ACCOUNT, action="auth.sessions", object_type="session", query=SessionQuery, out=SessionOut, many=True
    )
    def get(self) -> Response:
        """List one's own live sessions."""
        return self.page(queries.page_of_sessions(self.connection, self.actor, self.actor.user_id, self.query))


class SessionItem(Resource):
    """One of one's own sessions."""

    @declares(Perm.ACCOUNT, action="auth.end_session", object_type="session")
    def delete(self, session_id: uuid.UUID) -> Response:
        """End one of one's own sessions; its next request fails."""
        sessions.end_session(user_id=self.actor.user_id, session_id=session_id, reason="ended_by_owner")
        trails.current().about(session_id)
        return self.gone()


class UserSessions(Resource):
    """The sessions of any user."""

    @declares(Perm.READ, action="users.sessions", object_type="user", query=SessionQuery, out=SessionOut, many=True)
    def get(self, user_id: uuid.UUID) -> Response:
        """List the live sessions of a user."""
        trails.current().about(users.user_row(self.connection, ["id"], user_id).id)
        return self.page(queries.page_of_sessions(self.connection, self.actor, user_id, self.query))


class UserSession(Resource):
    """One session of any user."""

    @declares(Perm.MANAGE, action="users.end_session", object_type="session")
    def delete(self, user_id: uuid.UUID, session_id: uuid.UUID) -> Response:
        """End one session of a user; its next request fails."""
        sessions.end_session(user_id=user_id, session_id=session_id, reason="ended_by_admin")
        trails.current().about(session_id)
        return self.gone()


api.add_resource(SessionCollection, "/auth/sessions")
api.add_resource(SessionItem, "/auth/sessions/<uuid:session_id>")
api.add_resource(UserSessions, "/users/<uuid:user_id>/sessions")
api.add_resource(UserSession, "/users/<uuid:user_id>/sessions/<uuid:session_id>")
