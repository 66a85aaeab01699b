"""The shapes of the register of controlled drugs."""

from __future__ import annotations

import uuid
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from server.core import fields as f
from server.core.clock import begin_of, end_of
from server.core.refs import person_ref
from server.core.schema import ListQuery, SortKeys
from server.modules.inventory.schemas.witness import Witnessed

_REF = {"type": "object"}
_MAYBE = {"type": ["object", "null"]}


def _medication_ref(medication_id: uuid.UUID, name: str) -> dict[str, Any]:
    return {"id": medication_id, "name": name}


def _document(kind: str | None, document_id: uuid.UUID | None) -> dict[str, Any] | None:
    return {"type": kind, "id": document_id} if kind else None


class _Entry(Schema):
    id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    at = f.Instant(required=True)
    medication = f.Computed(_medication_ref, "medication_id", "medication_name", metadata=_REF)


class _Behind(_Entry):
    balance = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    document = f.Computed(_document, "document_type", "document_id", metadata=_MAYBE)
    user = f.Computed(person_ref, "user_id", "user_first_name", "user_last_name", metadata=_MAYBE)
    witness = f.Computed(person_ref, "witness_id", "witness_first_name", "witness_last_name", metadata=_MAYBE)
    movement_id = fields.UUID(required=True)
    corrects_id = fields.UUID(required=True, allow_none=True)


# A line of the register: what came in or went out, and what there was of the drug and strength after it.
EntryOut = _Behind.from_dict(
    {
        "in": f.Computed(lambda change: max(change, 0), "change", metadata={"type": "integer"}),
        "out": f.Computed(lambda change: max(-change, 0), "change", metadata={"type": "integer"}),
    },
    name="ControlledEntryOut",
)


class _RegisterQuery(ListQuery):
    sort = SortKeys("at")
    medication_id = f.Id(metadata={"description": "The drug and strength of this medication, whoever makes it."})

    @validates_schema(skip_on_field_errors=True)
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if {"from", "to"} <= data.keys() and end_of(data["to"]) <= begin_of(data["from"]):
            raise ValidationError("Must not be before `from`.", "to")


RegisterQuery = _RegisterQuery.from_dict({"from": f.DayOrInstant(), "to": f.DayOrInstant()}, name="RegisterQuery")


class CorrectionIn(Witnessed):
    """What a line of the register should have said more, or less, and why."""

    quantity_changed_by = f.Count(
        -f.MAX_INT, f.MAX_INT, required=True, metadata={"description": "More, or below zero less; of the same lot."}
    )
    lot_id = f.Id(metadata={"description": "Another lot of the same product."})
    reason = f.Line(most=500, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _moves(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["quantity_changed_by"] == 0:
            raise ValidationError("Must not be zero.", "quantity_changed_by")
