"""Accounts over HTTP, for admins."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Api, Resource
from server.modules.users import queries, service
from server.modules.users.models import EmailTaken, UsernameTaken
from server.modules.users.policies import Perm
from server.modules.users.schemas import UserIn, UserOut, UserPut, UserQuery

blueprint = Blueprint("users", __name__)
api = Api(blueprint)

_COLUMNS = columns_of(UserOut)
_TAKEN = (EmailTaken, UsernameTaken)
_WAITS = "Account changed; the new address works once its owner has confirmed it by the link just mailed."
_WRITE = {"object_type": "user", "out": UserOut, "version": "optional"}


class UserCollection(Resource):
    """All accounts."""

    @declares(Perm.READ, action="users.list", object_type="user", query=UserQuery, out=UserOut, many=True)
    def get(self) -> Response:
        """List accounts."""
        return self.page(queries.page_of_users(self.connection, _COLUMNS, self.query))

    @declares(Perm.MANAGE, action="users.invite", object_type="user", body=UserIn, out=UserOut, problems=_TAKEN)
    def post(self) -> Response:
        """Make an account and mail its owner an invitation link."""
        return self.created(service.invite(**self.body), "Invitation sent.")


class UserItem(Resource):
    """One account."""

    @declares(Perm.READ, action="users.read", object_type="user", out=UserOut)
    def get(self, user_id: uuid.UUID) -> Response:
        """Show one account."""
        row = queries.user_row(self.connection, _COLUMNS, user_id)
        return self.show(row_dumper(UserOut, tuple(_COLUMNS))(row))

    @declares(Perm.MANAGE, action="users.update", body=UserPut, problems=(*_TAKEN, service.LastAdmin), **_WRITE)
    def put(self, user_id: uuid.UUID) -> Response:
        """Replace the writable fields of an account."""
        return self._update(user_id)

    @declares(Perm.MANAGE, action="users.update", body=UserPut, problems=(*_TAKEN, service.LastAdmin), **_WRITE)
    def patch(self, user_id: uuid.UUID) -> Response:
        """Change some fields of an account."""
        return self._update(user_id)

    @declares(
        Perm.MANAGE,
        action="users.deactivate",
        object_type="user",
        version="optional",
        problems=(service.OwnAccount, service.LastAdmin),
    )
    def delete(self, user_id: uuid.UUID) -> Response:
        """Deactivate an account and end its sessions; nothing is removed."""
        service.deactivate(actor=self.actor, user_id=user_id, expected=self.expected)
        return self.gone()

    def _update(self, user_id: uuid.UUID) -> Response:
        user = service.update_user(actor=self.actor, user_id=user_id, expected=self.expected, **self.body)
        waits = "email" in self.body and self.body["email"] != user.email
        return self.show(user, _WAITS if waits else "Account changed.")


api.add_resource(UserCollection, "/users")
api.add_resource(UserItem, "/users/<uuid:user_id>")
