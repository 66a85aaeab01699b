"""Preparing, filling and bringing back over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy import Connection

from server.core import answers, trail as trails
from server.core.access import Actor, Permission
from server.core.declare import declares
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.inventory.service.ledger import StockMoved
from server.modules.inventory.service.taking import InsufficientStock
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of
from server.modules.patients.paths import entry_within, patient_within, reached
from server.modules.patients.queries.people import Found, present_page
from server.modules.patients.service.chart import EnteredInError
from server.modules.pharmacy.queries import dispenses as queries
from server.modules.pharmacy.resources.routing import api
from server.modules.pharmacy.schemas.dispenses import (
    DispenseOut,
    DispenseQuery,
    FilledOut,
    FillIn,
    OfPrescriptionQuery,
    PrepareIn,
    ReverseIn,
)
from server.modules.pharmacy.service.carts import DispenseNotFilled
from server.modules.pharmacy.service.dispensing import filling, refusals, reversing
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.service.checks import SafetyCheckFailed
from server.modules.prescriptions.service.refusals import NotFillable


def _dispense_within(connection: Connection, actor: Actor, permission: Permission, dispense_id: uuid.UUID) -> Found:
    return patient_within(connection, actor, permission, queries.patient_of(connection, dispense_id))


_OF_PRESCRIPTION: dict[str, Any] = {
    "object_type": "prescription",
    "within": entry_within(Prescription, "prescription_id"),
}
_DISPENSE: dict[str, Any] = {"object_type": "dispense", "out": DispenseOut}
_ONE: dict[str, Any] = {**_DISPENSE, "within": _dispense_within}
_NOT_NOW = (
    *(EnteredInError, NotFillable, InsufficientStock, StockMoved, refusals.PrescriptionDraft),
    *(refusals.PrescriptionStopped, refusals.PrescriptionCancelled, refusals.PrescriptionExpired),
    *(refusals.NoRefillsRemaining, refusals.MoreThanLeft),
)
_PREPARE: dict[str, Any] = {
    **_OF_PRESCRIPTION,
    "action": "prescriptions.prepare",
    "body": PrepareIn,
    "body_required": False,
    "out": FilledOut,
    "status": 200,
    "problems": (*_NOT_NOW, refusals.AlreadyPrepared),
}
_FILL: dict[str, Any] = {
    **_PREPARE,
    "action": "prescriptions.fill",
    "body": FillIn,
    "problems": (*_NOT_NOW, SafetyCheckFailed, refusals.TooEarly, refusals.TwoPersonsRequired),
}


class Dispenses(Resource):
    """The base of what answers with dispenses."""

    def seen(self, dispense_id: uuid.UUID) -> dict[str, Any]:
        """Return one dispense, as much of it as the caller sees."""
        found: Found = self.parent
        by_staff = not found.as_patient
        patient_id, shown = queries.one(self.connection, dispense_id, is_whole=found.way.shows_all, by_staff=by_staff)
        trails.current().about(dispense_id, patient_id=patient_id)
        return shown

    def many(self, page: Page) -> Response:
        """Answer one page of dispenses; the audit row says whose, where they are of one patient."""
        shown = queries.each(page.rows)
        trail = trails.current()
        trail.listed(one["id"] for one in shown)
        trail.shown_of(
            {row[queries.PATIENT] for row in page.rows}, {row[queries.PATIENT] for row in page.rows if row[-3]}
        )
        return answers.listed(page, shown)

    def made(self, prescription_id: uuid.UUID, dispense_ids: list[uuid.UUID], message: str) -> Response:
        """Answer what was handed out on a prescription, or laid ready."""
        shown = queries.these(self.connection, dispense_ids)
        trails.current().about(prescription_id, patient_id=shown[0]["patient_id"])
        return answers.envelope({**shown[0], "dispenses": shown}, message=message)


class DispenseCollection(Dispenses):
    """All dispenses."""

    @declares(Perm.DISPENSES_READ, action="dispenses.list", query=DispenseQuery, many=True, **_DISPENSE)
    def get(self) -> Response:
        """List dispenses; the till is shown what is filled and not paid yet, and of that what it needs."""
        reach = reached(self.connection, self.actor, Perm.DISPENSES_READ, self.query.get("patient_id"))
        return self.many(queries.page_of_dispenses(self.connection, self.actor, reach, self.query))


class DispenseItem(Dispenses):
    """One dispense."""

    @declares(Perm.DISPENSES_READ, action="dispenses.read", **_ONE)
    def get(self, dispense_id: uuid.UUID) -> Response:
        """Show one dispense."""
        return self.show(self.seen(dispense_id))


class PrescriptionDispenses(Dispenses):
    """The dispenses of a prescription."""

    @declares(
        Perm.DISPENSES_READ,
        action="dispenses.list",
        query=OfPrescriptionQuery,
        many=True,
        object_type="dispense",
        out=DispenseOut,
        within=entry_within(Prescription, "prescription_id"),
    )
    def get(self, prescription_id: uuid.UUID) -> Response:
        """List what was handed out on a prescription or is laid ready, the latest first."""
        query: Mapping[str, Any] = {**self.query, "prescription_id": prescription_id, "patient_id": self.parent.id}
        reach = reached(self.connection, self.actor, Perm.DISPENSES_READ, self.parent.id)
        page = queries.page_of_dispenses(self.connection, self.actor, reach, query)
        return self.many(present_page(self.connection, self.parent.id, page))


class PrescriptionPrepare(Dispenses):
    """Something is laid ready."""

    @declares(Perm.PREPARE, **_PREPARE)
    def post(self, prescription_id: uuid.UUID) -> Response:
        """Lay ready what a prescription allows: its units are kept until a pharmacist fills it, or it is cancelled."""
        made = filling.prepare(
            actor=self.actor, patient_id=self.parent.id, prescription_id=prescription_id, **self.body
        )
        return self.made(prescription_id, made, "Laid ready.")


class PrescriptionFill(Dispenses):
    """Something is handed out."""

    @declares(Perm.FILL, **_FILL)
    def post(self, prescription_id: uuid.UUID) -> Response:
        """Fill a prescription: what is laid ready, else what is left of the fill that is due, what expires first.

        `skipped` names lots that would have come earlier, and why they did not. Each item has a dispense of its own;
        where there are several, `dispenses` has all of them.
        """
        return self._fill(prescription_id)

    @declares(Perm.FILL, **_FILL)
    def put(self, prescription_id: uuid.UUID) -> Response:
        """Fill a prescription, as POST does; sent twice it is filled twice."""
        return self._fill(prescription_id)

    def _fill(self, prescription_id: uuid.UUID) -> Response:
        made = filling.fill(actor=self.actor, patient_id=self.parent.id, prescription_id=prescription_id, **self.body)
        return self.made(prescription_id, made, "Filled.")


class DispenseReverse(Dispenses):
    """Something comes back."""

    def before_post(self, dispense_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.DISPENSES_REVERSE,
        action="dispenses.reverse",
        body=ReverseIn,
        status=200,
        problems=(
            *(refusals.AlreadyReversed, refusals.DispenseSettled, DispenseNotFilled, StockMoved, WitnessRefused),
            EnteredInError,
        ),
        **_ONE,
    )
    def post(self, dispense_id: uuid.UUID) -> Response:
        """Bring a dispense back, once: the prescription allows it again.

        Units that left the house go into quarantine, others into their lots. What is paid for is refunded first;
        controlled drugs take a witness.
        """
        self.body.pop("witness", None)
        reversing.reverse(
            actor=self.actor,
            patient_id=self.parent.id,
            dispense_id=dispense_id,
            witness_id=self.prepared,
            **self.body,
        )
        return self.show(self.seen(dispense_id), "Reversed.")


class DispenseCancel(Dispenses):
    """Something is not laid ready any more."""

    @declares(
        Perm.PREPARE,
        action="dispenses.cancel",
        status=200,
        problems=(refusals.NotPrepared, EnteredInError),
        **_ONE,
    )
    def post(self, dispense_id: uuid.UUID) -> Response:
        """Let go of what is laid ready; its units are free for others."""
        reversing.cancel(patient_id=self.parent.id, dispense_id=dispense_id)
        return self.show(self.seen(dispense_id), "Cancelled.")


api.add_resource(DispenseCollection, "/dispenses")
api.add_resource(DispenseItem, "/dispenses/<uuid:dispense_id>")
api.add_resource(DispenseReverse, "/dispenses/<uuid:dispense_id>/reverse")
api.add_resource(DispenseCancel, "/dispenses/<uuid:dispense_id>/cancel")
api.add_resource(PrescriptionDispenses, "/prescriptions/<uuid:prescription_id>/dispenses")
api.add_resource(PrescriptionPrepare, "/prescriptions/<uuid:prescription_id>/prepare")
api.add_resource(PrescriptionFill, "/prescriptions/<uuid:prescription_id>/fill")
