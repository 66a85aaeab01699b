"""Who and what the tests of prescriptions begin with, and short ways to send them."""

import itertools
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask

from server.core import clock
from server.core.db import db
from server.core.ids import new_id
from server.core.uow import command
from server.modules.medications.service import products
from server.modules.patients.service import chart
from server.modules.prescriptions.models import Dispense, PrescriptionItem
from server.modules.prescriptions.service import progress, reaching
from tests.factories.calendar import DoctorFacts, signed_in_doctor
from tests.factories.charts import make_visit
from tests.factories.database import query
from tests.factories.people import PatientFacts, SignedIn, make_patient, make_user, relate, signed_in

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Scene:
    """A patient with an account, of whom it is known that there are no allergies, and who cares for them."""

    app: Flask
    patient: PatientFacts
    doctor: SignedIn
    profile: DoctorFacts
    nurse: SignedIn
    somebody: SignedIn

    def drug(self, name: str | None = None, **fields: Any) -> str:
        """Put a medication into the catalogue, of a substance of its own unless it is named, and return its id."""
        return make_drug(self.app, name or f"Testol{next(_numbers)}ium 10 MG Oral Tablet", **fields)

    def body(self, **fields: Any) -> dict[str, Any]:
        """Return a body that prescribes one medication for the patient."""
        sent = {"patient_id": str(self.patient.id), "quantity": 20, **fields}
        if not {"items", "medication_id"} & sent.keys():
            sent["medication_id"] = self.drug()
        return {name: value for name, value in sent.items() if value is not None}

    def send(self, someone: SignedIn | None = None, **fields: Any) -> Any:
        """Send a prescription and return the answer."""
        return (someone or self.doctor).post("/prescriptions", json=self.body(**fields))

    def prescribe(self, someone: SignedIn | None = None, **fields: Any) -> dict[str, Any]:
        """Prescribe and return what was answered."""
        return done(self.send(someone, **fields), 201)

    def visit(self) -> uuid.UUID:
        """Open a visit of the patient's with the doctor."""
        return make_visit(self.app, self.patient.id, self.profile.id)

    def another_doctor(self) -> SignedIn:
        """Return another doctor who cares for the patient."""
        other, _ = signed_in_doctor(self.app)
        relate(self.app, self.patient.id, other.user.id)
        return other

    def allergy(self, substance: str, **fields: Any) -> dict[str, Any]:
        """Put an allergy on the patient's list and return it."""
        said = {"substance": substance, "severity": "severe", **fields}
        return done(self.doctor.post(f"/patients/{self.patient.id}/allergies", json=said), 201)


def make_scene(app: Flask, *, asked: bool = True, **fields: Any) -> Scene:
    """Make the scene; with `asked` it is stated that there are no allergies."""
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id, **fields)
    doctor, profile = signed_in_doctor(app)
    nurse = signed_in(app, "nurse")
    for someone in (doctor, nurse):
        relate(app, patient.id, someone.user.id)
    scene = Scene(app, patient, doctor, profile, nurse, signed_in(app, user=user))
    if asked:
        done(doctor.put(f"/patients/{patient.id}/allergies/none-known", json={}))
    return scene


def make_drug(app: Flask, name: str, **fields: Any) -> str:
    """Put a medication into the catalogue and return its id."""
    with app.app_context(), command("tests.make_drug", "medication"):
        return str(products.add(actor=None, name=name, **{"prescription_required": True, **fields}).id)


def make_imported_allergy(app: Flask, patient_id: uuid.UUID, substance: str, **fields: Any) -> None:
    """Put an allergy on the list that came from elsewhere, without a severity."""
    with app.app_context(), command("tests.make_allergy", "allergy"):
        chart.add_allergy(
            actor=None, patient_id=patient_id, substance=substance, **{"severity": None, "status": "active", **fields}
        )


def done(answer: Any, status: int = 200) -> dict[str, Any]:
    """Return what was answered, which must have worked."""
    assert answer.status_code == status, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def path(prescription: Any, *more: str) -> str:
    """Return the path of a prescription, or of something below."""
    return "/".join(["/prescriptions", str(prescription["id"]), *more])


def tag(prescription: Any) -> dict[str, str]:
    """Return the header that carries the version that was read."""
    return {"If-Match": f'"{prescription["version"]}"'}


def act(someone: SignedIn, prescription: Any, verb: str, **body: Any) -> Any:
    """Do something with a prescription, with the version that was read, and return the answer."""
    return someone.post(path(prescription, verb), json=body, headers=tag(prescription))


def found(answer: Any) -> list[dict[str, Any]]:
    """Return what the checks have found, from a refusal or from a dry run."""
    if answer.status_code == 200:
        findings: list[dict[str, Any]] = answer.json["data"]["findings"]
        return findings
    assert (answer.status_code, answer.json["code"]) == (409, "safety_check_failed"), answer.text
    refusal: list[dict[str, Any]] = answer.json["findings"]
    return refusal


def give(app: Flask, prescription: Any, quantity: int, *, status: str = "filled") -> None:
    """Write that some of the first item was handed out, as a fill does."""
    item = prescription["items"][0]
    with app.app_context(), command("tests.give", "dispense"):
        held = reaching.held(uuid.UUID(prescription["id"]))
        row = {"medication_id": uuid.UUID(item["medication_id"]), "item_id": uuid.UUID(item["id"])}
        about = {"id": new_id(), "patient_id": held.patient_id, "prescription_id": held.id}
        db.session.add(Dispense(**about, **row, fill_number=1, quantity=quantity, status=status, filled_at=clock.now()))
        table = PrescriptionItem.__table__
        given = table.update().where(table.c.id == row["item_id"])
        db.session.execute(given.values(dispensed=table.c.dispensed + quantity))
        db.session.flush()
        progress.after_dispense(held)


def write(app: Flask, model: Any, row_id: Any = None, **columns: Any) -> None:
    """Write columns of one row, or of all of a table."""
    table = model.__table__
    stmt = table.update().values(**columns)
    with app.app_context(), command("tests.write", "row"):
        db.session.execute(stmt if row_id is None else stmt.where(table.c.id == uuid.UUID(str(row_id))))


def rows(app: Flask, sql: str, **values: Any) -> list[dict[str, Any]]:
    """Return rows of the database."""
    return query(app, sql, **values)
