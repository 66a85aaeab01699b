"""The catalogue of medication over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.inventory.models import SkuTaken
from server.modules.inventory.witnessed import witness_of
from server.modules.medications.models import RxNormCodeTaken
from server.modules.medications.policies import Perm
from server.modules.medications.queries import medications as queries
from server.modules.medications.resources.routing import api
from server.modules.medications.schemas.medications import (
    MedicationIn,
    MedicationOut,
    MedicationPatch,
    MedicationPut,
    MedicationQuery,
)
from server.modules.medications.service import products

_MEDICATION: dict[str, Any] = {"object_type": "medication", "out": MedicationOut}
_TAKEN = (RxNormCodeTaken, SkuTaken)
_CHANGE: dict[str, Any] = {
    **_MEDICATION,
    "action": "medications.change",
    "version": "required",
    "problems": (*_TAKEN, products.ControlledInStock),
}

_dump = row_dumper(MedicationOut, queries.COLUMNS)


class Medications(Resource):
    """The base of what answers with medications."""

    def seen(self, medication_id: uuid.UUID) -> dict[str, Any]:
        """Return one medication."""
        return _dump(queries.medication_row(self.connection, medication_id))


class MedicationCollection(Medications):
    """The catalogue of medication."""

    @declares(Perm.READ, action="medications.list", query=MedicationQuery, many=True, **_MEDICATION)
    def get(self) -> Response:
        """List the catalogue of medication; with `q`, what fits best comes first.

        `q` finds brands, generic names, ingredients, RxNorm codes and barcodes.
        """
        return self.page(queries.page_of_medications(self.connection, self.query))

    def before_post(self) -> uuid.UUID | None:
        """Prove the witness, who must stand by where controlled units come in."""
        return witness_of(self)

    @declares(Perm.MANAGE, action="medications.add", body=MedicationIn, problems=_TAKEN, **_MEDICATION)
    def post(self) -> Response:
        """Put a medication into the catalogue, with its item of stock.

        `quantity` and `expiration_date` become its first lot, which takes the right to receive medication.
        """
        self.body.pop("witness", None)
        made = products.add(actor=self.actor, witness_id=self.prepared, **self.body)
        return self.created(self.seen(made.id), "Medication added.")


class MedicationItem(Medications):
    """One medication."""

    @declares(Perm.READ, action="medications.read", **_MEDICATION)
    def get(self, medication_id: uuid.UUID) -> Response:
        """Show one medication, one that was taken out of the catalogue included."""
        return self.show(self.seen(medication_id))

    @declares(Perm.MANAGE, body=MedicationPut, **_CHANGE)
    def put(self, medication_id: uuid.UUID) -> Response:
        """Replace what can be written of a medication."""
        return self._change(medication_id)

    @declares(Perm.MANAGE, body=MedicationPatch, **_CHANGE)
    def patch(self, medication_id: uuid.UUID) -> Response:
        """Change what is sent of a medication; its item of stock goes by the same name."""
        return self._change(medication_id)

    def _change(self, medication_id: uuid.UUID) -> Response:
        products.change(medication_id=medication_id, expected=self.expected, **self.body)
        return self.show(self.seen(medication_id), "Medication changed.")

    @declares(Perm.MANAGE, action="medications.deactivate", object_type="medication", version="required")
    def delete(self, medication_id: uuid.UUID) -> Response:
        """Take a medication out of the catalogue, and its item with it; both stay readable by id."""
        products.deactivate(medication_id=medication_id, expected=self.expected)
        return self.gone()


api.add_resource(MedicationCollection, "/medications")
api.add_resource(MedicationItem, "/medications/<uuid:medication_id>")
