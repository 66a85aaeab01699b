"""The shapes of the fee schedule."""

from __future__ import annotations

from marshmallow import fields

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, SearchText, SortKeys, TextFlag


class FeePatch(Body):
    """What an admin writes of a service."""

    code = f.Line(most=40, required=True)
    name = f.Line(required=True)
    price = f.Price(required=True)
    tax_rate = f.Percent(load_default=0)
    duration_minutes = f.Count(1, 1440, allow_none=True, load_default=None)
    is_active = f.Flag(load_default=True)


class FeeIn(FeePatch):
    """A new service."""

    id = f.Id()


class FeeOut(Out):
    """A line of the fee schedule; the tax is in percent."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    price = f.Price(required=True)
    tax_rate = f.Percent(required=True)
    duration_minutes = fields.Integer(required=True, allow_none=True)
    is_active = fields.Boolean(required=True)


class FeeQuery(ListQuery):
    """A page of the fee schedule; services that were taken off it are shown where `is_active=false` asks for them."""

    sort = SortKeys("name", "code")
    q = SearchText()
    is_active = TextFlag(load_default=True)
