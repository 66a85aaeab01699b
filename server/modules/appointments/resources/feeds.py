"""Calendar tokens over HTTP, and the feeds that they open: those lie outside the API's prefix."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from server.core import answers, trail as trails
from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.errors import NotFound
from server.core.resource import Api, Resource
from server.modules.appointments.queries import feeds as queries
from server.modules.appointments.resources.routing import api
from server.modules.appointments.schemas.feeds import CalendarTokenOut, CalendarTokenQuery, NewCalendarTokenOut
from server.modules.appointments.service import feeds as service
from server.modules.doctors.queries.clinic import clinic_name
from server.modules.users.policies import Perm

_TOKEN = {"object_type": "calendar_token"}

root = Blueprint("calendar", __name__)


def _address_of(token: str) -> str:
    """Return where a feed is read.

    In production it is never without TLS, for the address is a secret.
    """
    return f"{answers.origin()}/calendar/{token}.ics"


class TokenCollection(Resource):
    """One's own calendar tokens."""

    @declares(
        Perm.ACCOUNT, action="calendar.tokens", query=CalendarTokenQuery, out=CalendarTokenOut, many=True, **_TOKEN
    )
    def get(self) -> Response:
        """List one's own calendar tokens, not what they say."""
        return self.page(queries.page_of_tokens(self.connection, self.actor, self.query))

    @declares(Perm.ACCOUNT, action="calendar.make_token", out=NewCalendarTokenOut, idempotent=False, **_TOKEN)
    def post(self) -> Response:
        """Make an address for a calendar program; it is shown this once."""
        row, token = service.issue(actor=self.actor)
        made = {"id": row.id, "created_at": row.created_at, "url": _address_of(token)}
        return self.created(made, "Keep this address to yourself: whoever has it reads your appointments.")


class TokenItem(Resource):
    """One calendar token."""

    @declares(Perm.ACCOUNT, action="calendar.revoke_token", **_TOKEN)
    def delete(self, token_id: uuid.UUID) -> Response:
        """Revoke a calendar token."""
        service.revoke(actor=self.actor, token_id=token_id)
        return self.gone()


class Feed(Resource):
    """The appointments of whoever made the token."""

    @declares(PUBLIC, action="calendar.feed", media_type="text/calendar", **_TOKEN)
    def get(self, token: str) -> Response:
        """Show appointments to a calendar program: from 90 days ago to the booking horizon, cancelled ones too."""
        reader = queries.reader_of(self.connection, token)
        if reader is None:
            raise NotFound
        events = list(queries.events_of(self.connection, reader))
        trail = trails.current()
        trail.actor_id = reader.user_id
        trail.about(reader.token_id)
        trail.listed(row.id for row, _ in events)
        return Response(
            service.calendar(events, name=clinic_name(self.connection)), content_type="text/calendar; charset=utf-8"
        )


api.add_resource(TokenCollection, "/calendar/tokens")
api.add_resource(TokenItem, "/calendar/tokens/<uuid:token_id>")
Api(root).add_resource(Feed, "/calendar/<token>.ics")
