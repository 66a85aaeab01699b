"""The shapes of suppliers."""

from __future__ import annotations

from marshmallow import fields

from server.core import fields as f
from server.core.schema import Body, ListQuery, Out, SearchText, SortKeys, TextFlag
from server.modules.inventory.schemas.categories import LONGEST_NAME


class SupplierPatch(Body):
    """What is written of a supplier."""

    name = f.Line(most=LONGEST_NAME, required=True)
    contact_name = f.Line(allow_none=True, load_default=None)
    email = f.Email(allow_none=True, load_default=None)
    phone = f.Phone(allow_none=True, load_default=None)
    address = f.Paragraphs(most=1000, allow_none=True, load_default=None)
    notes = f.Paragraphs(allow_none=True, load_default=None)
    is_active = f.Flag(load_default=True)


class SupplierIn(SupplierPatch):
    """A new supplier."""

    id = f.Id()


class SupplierOut(Out):
    """Who sells to the house."""

    name = fields.String(required=True)
    contact_name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    notes = fields.String(required=True, allow_none=True)
    is_active = fields.Boolean(required=True)


class SupplierQuery(ListQuery):
    """A page of the suppliers in use, or of those that are no more."""

    sort = SortKeys("name", "created_at")
    q = SearchText()
    is_active = TextFlag(load_default=True)
