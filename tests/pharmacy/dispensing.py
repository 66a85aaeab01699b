"""Make prescriptions as they lie at the counter, and fill them."""

import itertools
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.core import clock
from server.core.db import db
from server.core.uow import command
from server.modules.patients.models import AllergyStatement
from server.modules.prescriptions.models import Dispense, Prescription, PrescriptionItem
from tests.factories.people import PatientFacts, SignedIn, make_patient, make_user
from tests.pharmacy.support import Drug

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Ordered:
    """A prescription as its test knows it, with the ids of its items."""

    id: uuid.UUID
    patient: PatientFacts
    items: tuple[uuid.UUID, ...]
    verify_code: str

    def path(self, verb: str) -> str:
        """Return the path of one of its verbs."""
        return f"/prescriptions/{self.id}/{verb}"

    @property
    def item(self) -> uuid.UUID:
        """Its one item."""
        (only,) = self.items
        return only


def without_allergies(app: Flask, **fields: Any) -> PatientFacts:
    """Register a patient of whom it is known that there are no allergies."""
    patient, nurse = make_patient(app, **fields), make_user(app, "nurse")
    with app.app_context(), command("tests.none_known", "patient"):
        db.session.add(AllergyStatement(patient_id=patient.id, stated_by=nurse.id))
    return patient


def ordered(
    app: Flask, *drugs: Drug, patient: PatientFacts | None = None, items: dict[str, Any] | None = None, **fields: Any
) -> Ordered:
    """Write an active prescription of drugs, twenty of each unless `items` says otherwise."""
    patient = patient or without_allergies(app)
    with app.app_context(), command("tests.prescribe", "prescription"):
        facts = {"status": "active", "source": "external", "prescriber_name": "Dr. Else", **fields}
        facts.setdefault("expires_on", clock.today() + timedelta(days=90))
        one = Prescription(
            patient_id=patient.id,
            rx_number=f"RX-T{next(_numbers):05}",
            date_prescribed=clock.today(),
            verify_code=secrets.token_urlsafe(24),
            **facts,
        )
        db.session.add(one)
        db.session.flush()
        rows = []
        for position, drug in enumerate(drugs):
            row = PrescriptionItem(
                prescription_id=one.id,
                position=position,
                medication_id=uuid.UUID(drug.id),
                **{"quantity": 20, "refills_allowed": 0, **(items or {})},
            )
            db.session.add(row)
            db.session.flush()
            rows.append(row.id)
        return Ordered(one.id, patient, tuple(rows), one.verify_code)


def change(app: Flask, prescription: Ordered, **columns: Any) -> None:
    """Write columns of a prescription directly."""
    with app.app_context(), command("tests.change", "prescription"):
        row = db.session.get_one(Prescription, prescription.id)
        for name, value in columns.items():
            setattr(row, name, value)


def status_of(app: Flask, prescription: Ordered) -> str:
    """Return how a prescription stands, as it is written."""
    with app.app_context(), db.engine.connect() as connection:
        found: str = connection.scalar(select(Prescription.status).where(Prescription.id == prescription.id))
        return found


def dispensed(app: Flask, prescription: Ordered) -> list[int]:
    """Return how much is counted as dispensed of each item."""
    with app.app_context(), db.engine.connect() as connection:
        stmt = select(PrescriptionItem.dispensed).where(PrescriptionItem.prescription_id == prescription.id)
        return list(connection.scalars(stmt.order_by(PrescriptionItem.position)))


def dispenses_of(app: Flask, prescription: Ordered) -> list[tuple[int, int, str]]:
    """Return fill number, quantity and status of each dispense, the first one first."""
    with app.app_context(), db.engine.connect() as connection:
        stmt = select(Dispense.fill_number, Dispense.quantity, Dispense.status)
        stmt = stmt.where(Dispense.prescription_id == prescription.id).order_by(Dispense.id)
        return [tuple(row) for row in connection.execute(stmt)]


def fill(someone: SignedIn, prescription: Ordered, **body: Any) -> TestResponse:
    """Fill a prescription."""
    return someone.post(prescription.path("fill"), json=body)


def prepare(someone: SignedIn, prescription: Ordered, **body: Any) -> TestResponse:
    """Lay ready what is due on a prescription."""
    return someone.post(prescription.path("prepare"), json=body)


def done(answer: TestResponse) -> dict[str, Any]:
    """Return what was answered of something that went well."""
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def code_of(answer: TestResponse) -> tuple[int, str]:
    """Return how something was refused."""
    return answer.status_code, answer.json["code"]
