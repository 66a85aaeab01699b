"""The shapes of lines of sheets that are imported."""

from __future__ import annotations

from marshmallow import fields, validate

from server.core import fields as f
from server.core.schema import Body
from server.modules.medications.enums import Interaction
from server.modules.medications.schemas.medications import MedicationIn


class MedicationRow(MedicationIn):
    """A medication as a line: all that the API takes but the witness."""

    class Meta(Body.Meta):
        exclude = ("witness",)


class InteractionRow(Body):
    """Two ingredients or classes that harm together."""

    a = f.Line(most=300, required=True)
    b = f.Line(most=300, required=True)
    severity = fields.String(required=True, validate=validate.OneOf(list(Interaction)))
    message = f.Paragraphs(most=2000, required=True)
    source = f.Line(most=500, required=True)
