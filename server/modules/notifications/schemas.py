"""The shapes of notifications and preferences."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, SortKeys, TextFlag
from server.modules.notifications.enums import MANDATORY, Kind


def _source(kind: str, source_id: uuid.UUID) -> dict[str, Any]:
    return {"type": kind, "id": source_id}


def _is_read(read_at: datetime | None) -> bool:
    return read_at is not None


class NotificationOut(Out):
    """What one was told."""

    type = fields.String(required=True, attribute="kind", metadata={"enum": list(Kind)})
    title = fields.String(required=True)
    body = fields.String(required=True)
    source = f.Computed(_source, "source_type", "source_id", metadata={"type": "object"})
    is_read = f.Computed(_is_read, "read_at", metadata={"type": "boolean"})
    read_at = f.Instant(required=True, allow_none=True)


class NotificationQuery(ListQuery):
    """A page of one's own notifications."""

    sort = SortKeys("created_at")
    is_read = TextFlag()
    type = f.Choice(Kind)


class UnreadOut(Schema):
    """How many notifications wait to be read."""

    unread_count = fields.Integer(required=True)


class ReadAllOut(Schema):
    """How many notifications were new."""

    marked = fields.Integer(required=True)


class Channels(Body):
    """The channels of one kind."""

    in_app = f.Flag()
    email = f.Flag()


_always = validate.Equal(True, error="Nobody can be kept from hearing of this.")


class MandatoryChannels(Body):
    """The channels of a kind that cannot be muted."""

    in_app = f.Flag(validate=_always)
    email = f.Flag(validate=_always)


class ChannelsOut(Schema):
    """Whether one hears of a kind in the application and by mail."""

    in_app = fields.Boolean(required=True)
    email = fields.Boolean(required=True)


_channels = {kind.value: fields.Nested(MandatoryChannels if kind in MANDATORY else Channels) for kind in Kind}
_channels_out = {kind.value: fields.Nested(ChannelsOut, required=True) for kind in Kind}


class PreferencesPatch(Body.from_dict(_channels)):  # type: ignore[misc] # built from the kinds
    """What one wishes to hear of; what is left out stays as it is."""


class PreferencesOut(Schema.from_dict(_channels_out)):  # type: ignore[misc] # built from the kinds
    """What one hears of, by kind and channel."""
