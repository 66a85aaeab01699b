"""The shapes of medications."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from server.core import fields as f, state
from server.core.money import format_money
from server.core.schema import Body, ListQuery, Out, SearchText, SortKeys, TextFlag
from server.modules.inventory.schemas.witness import Witnessed
from server.modules.medications.enums import Schedule

MOST_INGREDIENTS = 60
MOST_CLASSES = 40
MOST_BRANDS = 60


def _code(**kwargs: Any) -> fields.String:
    """Return the field of an RxNorm code (RXCUI)."""
    return fields.String(validate=f.Matches("^[0-9]{1,20}$", error="Expected an RxNorm code: digits."), **kwargs)


class IngredientIn(Body):
    """A substance in a product, with its RxNorm code where that is known."""

    name = f.Line(most=300, required=True)
    rxnorm_code = _code(allow_none=True, load_default=None)


class IngredientOut(Body):
    """A substance in a product."""

    name = fields.String(required=True)
    rxnorm_code = fields.String(required=True, allow_none=True)


class _Writable(Body):
    name = f.Line(required=True)
    generic_name = f.Line(most=300, allow_none=True, load_default=None)
    brands = fields.List(f.Line(), load_default=list, validate=validate.Length(max=MOST_BRANDS))
    ingredients = fields.List(
        f.WholeNested(IngredientIn), load_default=list, validate=validate.Length(max=MOST_INGREDIENTS)
    )
    drug_classes = fields.List(f.Line(most=120), load_default=list, validate=validate.Length(max=MOST_CLASSES))
    rxnorm_code = _code(allow_none=True, load_default=None)
    form = f.Line(most=60, allow_none=True, load_default=None)
    strength = f.Line(most=120, allow_none=True, load_default=None)
    dosage = f.Line(allow_none=True, load_default=None)
    route = f.Line(most=60, allow_none=True, load_default=None)
    manufacturer = f.Line(allow_none=True, load_default=None)
    prescription_required = f.Flag(load_default=True)
    controlled_schedule = f.Choice(Schedule, allow_none=True, load_default=None)
    price_per_unit = f.Price(load_default=0, metadata={"description": "Of one base unit."})
    tax_rate = f.Percent(load_default=0)
    unit = f.Line(
        most=30,
        allow_none=True,
        load_default=None,
        metadata={"description": "The base unit: tablet, ml, piece. That of the form where it is not said."},
    )
    pack_size = f.Count(1, load_default=1)
    reorder_point = f.Count(load_default=0)
    category_id = f.Id(allow_none=True, load_default=None)
    barcode = f.Line(most=60, allow_none=True, load_default=None)
    sku = f.Line(most=60, allow_none=True, load_default=None)
    is_active = f.Flag(load_default=True)


class MedicationPatch(_Writable):
    """What changes of a medication; what there is of it is moved by receiving, counting and dispensing."""


class MedicationPut(_Writable):
    """All that can be written of a medication."""


class MedicationIn(_Writable, Witnessed):
    """A new medication, and what there is of it as its first lot."""

    id = f.Id()
    quantity = f.Count(allow_none=True, load_default=None, metadata={"description": "Base units; the first lot."})
    expiration_date = f.Day(allow_none=True, load_default=None)
    lot_number = f.Line(most=60, allow_none=True, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _has_units(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data["quantity"] and (data["expiration_date"] or data["lot_number"]):
            raise ValidationError("Say how many units the first lot has.", "quantity")


def _amount(minor: int) -> str:
    return format_money(minor, state.settings().clinic_currency)


def _lines(text: str | None) -> list[str]:
    return text.split("\n") if text else []


class MedicationOut(Out):
    """A medication; what there is of it that may be handed out, and when the first of that expires."""

    item_id = fields.UUID(required=True)
    name = fields.String(required=True)
    generic_name = fields.String(required=True, allow_none=True)
    brands = f.Computed(_lines, "brands", metadata={"type": "array", "items": {"type": "string"}})
    ingredients = fields.List(fields.Nested(IngredientOut), required=True)
    drug_classes = fields.List(fields.String(), required=True)
    rxnorm_code = fields.String(required=True, allow_none=True)
    form = fields.String(required=True, allow_none=True)
    strength = fields.String(required=True, allow_none=True)
    dosage = fields.String(required=True, allow_none=True)
    route = fields.String(required=True, allow_none=True)
    manufacturer = fields.String(required=True, allow_none=True)
    prescription_required = fields.Boolean(required=True)
    controlled_schedule = fields.String(required=True, allow_none=True, metadata={"enum": [*Schedule, None]})
    price_per_unit = f.Price(required=True)
    dollars_per_unit = f.Computed(
        _amount, "price_per_unit", metadata={"type": "string", "description": "The same as `price_per_unit`."}
    )
    tax_rate = f.Percent(required=True)
    quantity = fields.Integer(required=True, metadata={"description": "Units in lots that may be handed out."})
    available = fields.Integer(required=True, metadata={"description": "Those of them that are not reserved."})
    expiration_date = fields.Date(required=True, allow_none=True)
    unit = fields.String(required=True)
    pack_size = fields.Integer(required=True)
    reorder_point = fields.Integer(required=True)
    category_id = fields.UUID(required=True, allow_none=True)
    barcode = fields.String(required=True, allow_none=True)
    sku = fields.String(required=True, allow_none=True)
    is_active = fields.Boolean(required=True)


class MedicationQuery(ListQuery):
    """A page of the catalogue; what was taken out of it is shown where `is_active=false` asks for that."""

    sort = SortKeys("name", "created_at")
    q = SearchText()
    prescription_required = TextFlag()
    low_stock = TextFlag(metadata={"description": "What is available is at its reorder point or below."})
    expiring_before = f.Day(metadata={"description": "Some of it that may be handed out expires before that day."})
    form = f.Line(most=60, metadata={"description": "Words of the form: tablet."})
    is_active = TextFlag(load_default=True)
