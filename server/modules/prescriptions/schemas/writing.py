"""What is sent of prescriptions."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from server.core import fields as f
from server.core.schema import Body
from server.modules.prescriptions.enums import PrescriptionStatus, Source
from server.modules.prescriptions.schemas.items import (
    MOST_ITEMS,
    MOST_REFILLS,
    MOST_UNITS,
    SINGLE,
    DoseIn,
    FrequencyIn,
    ItemAgain,
    ItemToCheck,
    PrescriptionItemIn,
)

_BEGUN = [PrescriptionStatus.DRAFT.value, PrescriptionStatus.ACTIVE.value]
_FROM_PEOPLE = [Source.INTERNAL.value, Source.EXTERNAL.value]
_MOST_ANSWERED = 200


class PrescriberIn(Body):
    """Somebody of another house who prescribes."""

    name = f.Line(required=True)
    license_number = f.Line(most=60, allow_none=True, load_default=None)
    phone = f.Phone(allow_none=True, load_default=None)


class Answering(Body):
    """What one answers for of what the safety checks have found."""

    acknowledge = fields.List(
        f.Line(most=64),
        load_default=list,
        validate=validate.Length(max=_MOST_ANSWERED),
        metadata={"description": "The ids of the findings that one has seen."},
    )
    override_reason = f.Paragraphs(
        most=1000, allow_none=True, load_default=None, metadata={"description": "Why, where one is contraindicated."}
    )


def _items(shape: type[Body]) -> fields.List:
    return fields.List(f.WholeNested(shape), validate=validate.Length(1, MOST_ITEMS))


class _Items(Body):
    """Items, or one without a list: the fields of one item beside the others."""

    items = _items(PrescriptionItemIn)
    medication_id = f.Id(metadata={"description": "Instead of `items`, for one medication; so the fields below."})
    dose = f.WholeNested(DoseIn, allow_none=True)
    route = f.Line(most=60, allow_none=True)
    frequency = f.WholeNested(FrequencyIn, allow_none=True)
    duration_days = f.Count(1, 3_650, allow_none=True)
    quantity = f.Count(1, MOST_UNITS)
    refills_allowed = f.Count(0, MOST_REFILLS)
    instructions = f.Paragraphs(most=2000, allow_none=True)
    substitution_allowed = f.Flag()

    @validates_schema(skip_on_field_errors=True)
    def _one_way(self, data: dict[str, Any], **_kwargs: Any) -> None:
        single = [name for name in SINGLE if name in data]
        if "items" in data and single:
            raise ValidationError({name: ["Give either items, or the fields of one."] for name in single})

    @post_load
    def _gather(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Put the fields of one item that stands without a list below `single`."""
        single = {name: data.pop(name) for name in SINGLE if name in data}
        return {**data, "single": single} if single else data


class _WholeItems(_Items):
    """The same, all that an item needs."""

    needed: ClassVar[tuple[str, ...]] = ("medication_id", "quantity")
    published: ClassVar[dict[str, Any]] = {"anyOf": [{"required": ["items"]}, {"required": list(needed)}]}

    @validates_schema(skip_on_field_errors=True)
    def _says_what(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "items" in data:
            return
        if not data.keys() & set(SINGLE):
            raise ValidationError("Say what is prescribed.", "items")
        missing = [name for name in self.needed if name not in data]
        if missing:
            raise ValidationError({name: ["Missing data for required field."] for name in missing})


class _Said(Body):
    date_prescribed = f.Day(metadata={"description": "Today, unless it is said."})
    expires_on = f.Day(
        allow_none=True,
        load_default=None,
        metadata={"description": "The last day on which it is filled; without, by the settings."},
    )
    notes = f.Paragraphs(
        most=2000,
        allow_none=True,
        load_default=None,
        metadata={"description": "The note to the pharmacy, which the patient reads too."},
    )


class _From(Body):
    external_prescriber = f.WholeNested(PrescriberIn, allow_none=True, load_default=None)
    doctor_name = f.Line(
        allow_none=True, load_default=None, metadata={"description": "The name alone of an external prescriber."}
    )


class PrescriptionAtVisit(_WholeItems, _Said, Answering):
    """A new prescription at a visit that is known."""

    id = f.Id()
    status = fields.String(
        allow_none=True,
        load_default=None,
        validate=validate.OneOf(_BEGUN),
        metadata={"enum": [*_BEGUN, None], "description": "Active, unless it is to be a draft."},
    )


class PrescriptionIn(PrescriptionAtVisit, _From):
    """A new prescription, of the doctor who is signed in, or one that came from outside."""

    patient_id = f.Id(metadata={"description": "Need not be said with a visit."})
    visit_id = f.Id(allow_none=True, load_default=None)
    source = fields.String(
        allow_none=True,
        load_default=None,
        validate=validate.OneOf(_FROM_PEOPLE),
        metadata={"enum": [*_FROM_PEOPLE, None], "description": "External where an external prescriber is named."},
    )


class PrescriptionPatch(_Items, _Said, _From):
    """What changes of a draft."""


class PrescriptionPut(_WholeItems, _Said, _From):
    """All that can be written of a draft."""

    items = _items(ItemAgain)


class ActivateIn(Answering):
    """Making a draft active."""


class ReviseIn(_Items, Answering):
    """What changes with the next version; what is not said stays as it is."""

    items = _items(ItemAgain)
    visit_id = f.Id(allow_none=True, load_default=None, metadata={"description": "At which visit it is revised."})
    expires_on = f.Day(allow_none=True)
    notes = f.Paragraphs(most=2000, allow_none=True)
    reason = f.Line(most=500, allow_none=True, load_default=None)


class RenewIn(Answering):
    """Prescribing the same again."""

    visit_id = f.Id(allow_none=True, load_default=None, metadata={"description": "At which visit it is renewed."})
    expires_on = f.Day(allow_none=True, load_default=None)
    notes = f.Paragraphs(most=2000, allow_none=True)
    status = fields.String(
        allow_none=True,
        load_default=None,
        validate=validate.OneOf(_BEGUN),
        metadata={"enum": [*_BEGUN, None], "description": "Active, unless it is to be a draft."},
    )


class EndIn(Body):
    """Why a prescription is cancelled or stopped."""

    reason = f.Line(most=500, allow_none=True, load_default=None)


class CheckIn(_Items):
    """What would be prescribed, and to whom."""

    items = _items(ItemToCheck)
    patient_id = f.Id(required=True)
    prescription_id = f.Id(
        allow_none=True, load_default=None, metadata={"description": "One that this would replace; it is left out."}
    )
    published: ClassVar[dict[str, Any]] = {"anyOf": [{"required": ["items"]}, {"required": ["medication_id"]}]}

    @validates_schema(skip_on_field_errors=True)
    def _says_what(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not {"items", "medication_id"} & data.keys():
            raise ValidationError("Say what would be prescribed.", "items")
