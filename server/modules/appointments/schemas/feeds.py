"""The shapes of calendar tokens."""

from __future__ import annotations

from marshmallow import Schema, fields

from server.core import fields as f
from server.core.schema import ListQuery, SortKeys


class CalendarTokenOut(Schema):
    """The right of a calendar program to read one's appointments; its address is shown once, when it is made."""

    id = fields.UUID(required=True)
    created_at = f.Instant(required=True)


class NewCalendarTokenOut(CalendarTokenOut):
    """A token that was just made, with the address to give to a calendar program."""

    url = fields.String(required=True)


class CalendarTokenQuery(ListQuery):
    """A page of one's own calendar tokens."""

    sort = SortKeys("created_at")
