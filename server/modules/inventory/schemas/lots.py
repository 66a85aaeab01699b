"""The shapes of lots."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from server.core import clock, fields as f
from server.core.schema import Body, ListQuery, Out, SortKeys
from server.modules.inventory.enums import LotStatus
from server.modules.inventory.schemas.witness import Witnessed

_REF = {"type": "object"}


def _is_expired(expires_on: date | None, today: date) -> bool:
    return expires_on is not None and expires_on < today


def _available(on_hand: int, reserved: int, status: str, expires_on: date | None, today: date) -> int:
    is_usable = status == LotStatus.AVAILABLE and not _is_expired(expires_on, today)
    return on_hand - reserved if is_usable else 0


class LotIn(Witnessed):
    """Units that come in; they join the lot of the same number, expiry and cost where there is one."""

    quantity = f.Count(1, required=True)
    lot_number = f.Line(most=60, allow_none=True, load_default=None)
    expires_on = f.Day(allow_none=True, load_default=None, metadata={"description": "The last day of its use."})
    unit_cost = f.Price(allow_none=True, load_default=None, metadata={"description": "Else that of the item."})
    reason = f.Line(most=500, allow_none=True, load_default=None)


class LotPatch(Body):
    """Whether a lot may be used, and why that changes."""

    status = f.Choice(LotStatus, required=True)
    reason = f.Line(most=500, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        missing = {
            name: ["Send the status and the reason together."] for name in ("status", "reason") if name not in data
        }
        if missing:
            raise ValidationError(missing)


class RecallIn(Body):
    """Why a lot is recalled."""

    reason = f.Line(most=500, required=True)


class LotOut(Out):
    """A lot: `available` is what is free of it, where it may be used."""

    item_id = fields.UUID(required=True)
    lot_number = fields.String(required=True, allow_none=True)
    expires_on = fields.Date(required=True, allow_none=True)
    unit_cost = f.Price(required=True)
    on_hand = fields.Integer(required=True)
    reserved = fields.Integer(required=True)
    available = f.Computed(
        _available, "on_hand", "reserved", "status", "expires_on", once=clock.today, metadata={"type": "integer"}
    )
    status = fields.String(required=True, metadata={"enum": list(LotStatus)})
    status_reason = fields.String(required=True, allow_none=True)
    is_expired = f.Computed(_is_expired, "expires_on", once=clock.today, metadata={"type": "boolean"})
    received_at = f.Instant(required=True)


class LotQuery(ListQuery):
    """A page of an item's lots, what expires first before the others."""

    sort = SortKeys("expires_on", "received_at")
    status = f.Choice(LotStatus)


class GivenOut(Schema):
    """What was given of a recalled lot: the document, and how much of it is still out."""

    document_type = fields.String(required=True)
    document_id = fields.UUID(required=True)
    lot_id = fields.UUID(required=True)
    quantity = fields.Integer(required=True)
    given_at = f.Instant(required=True)
    patient = fields.Raw(metadata={**_REF, "description": "To whom; to those alone who may know."})


class RecallOut(Schema):
    """A recall: all lots of the item with that number, what was given of them, and who got it."""

    item_id = fields.UUID(required=True)
    lot_number = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    lots = fields.List(fields.Nested(LotOut), required=True)
    dispenses = fields.List(fields.Nested(GivenOut), required=True)
    patients = fields.List(
        fields.Raw(metadata=_REF), metadata={"description": "Each once; to those alone who may know."}
    )
