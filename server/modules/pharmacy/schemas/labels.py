"""The shapes of what is printed of a prescription."""

from __future__ import annotations

from marshmallow import Schema, fields

_OBJECT = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}


class LabelOut(Schema):
    """What stands on the label of one item."""

    item_id = fields.UUID(required=True)
    medication = fields.Dict(required=True, metadata=_OBJECT)
    directions = fields.String(required=True)
    quantity = fields.Integer(required=True, allow_none=True)
    refills_left = fields.Integer(required=True, allow_none=True)
    dispense_id = fields.UUID(required=True, allow_none=True)
    fill_number = fields.Integer(required=True, allow_none=True)
    date = fields.Date(required=True, allow_none=True)
    lots = fields.List(fields.Dict(), required=True)
    use_by = fields.Date(required=True, allow_none=True)
    warnings = fields.List(fields.String(), required=True)


class LabelsOut(Schema):
    """The labels of a prescription, one for each item."""

    prescription_id = fields.UUID(required=True)
    rx_number = fields.String(required=True)
    patient = fields.Dict(required=True, metadata=_OBJECT)
    prescriber = fields.Dict(required=True, allow_none=True, metadata=_MAYBE)
    date_prescribed = fields.Date(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    pharmacy = fields.Dict(required=True, metadata=_OBJECT)
    labels = fields.List(fields.Nested(LabelOut), required=True)


class VerifiedOut(Schema):
    """What everybody may know of a printed prescription: that it is genuine, and whether it is still open."""

    genuine = fields.Boolean(required=True)
    issued_on = fields.Date(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    is_open = fields.Boolean(required=True)
