"""Who and what the tests of the chart as a whole begin with: a patient at an open visit, and who cares for them."""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from server.core.db import db
from tests.factories.calendar import at, open_hours, signed_in_doctor, written
from tests.factories.charts import make_visit, set_visit
from tests.factories.people import PatientFacts, SignedIn, make_patient, make_user, relate, signed_in
from tests.factories.stock import make_item

# What a consultation writes, by the tables that it writes to.
WRITTEN = (
    *("visit_diagnoses", "vital_sets", "vital_measurements", "visit_notes", "treatments", "treatment_items"),
    *("procedures", "appointments", "taken_intervals", "charges"),
)


@dataclass(frozen=True)
class Clinic:
    """A patient with an account at an open visit, and who cares for them."""

    app: Flask
    doctor: SignedIn
    nurse: SignedIn
    somebody: SignedIn
    patient: PatientFacts
    doctor_id: uuid.UUID
    doctor_name: str
    visit_id: uuid.UUID
    item_id: uuid.UUID

    @property
    def visit(self) -> str:
        """Return the path of the visit."""
        return f"/visits/{self.visit_id}"

    @property
    def chart(self) -> str:
        """Return where a consultation is sent."""
        return f"{self.visit}/chart"

    def another(self, role: str) -> SignedIn:
        """Return somebody else of a role who cares for the patient."""
        other = signed_in(self.app, role)
        relate(self.app, self.patient.id, other.user.id)
        return other

    def close(self, status: str = "completed") -> None:
        """Close the visit."""
        set_visit(self.app, self.visit_id, status=status)


def make_clinic(app: Flask) -> Clinic:
    """Make the scene."""
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id)
    doctor, profile = signed_in_doctor(app)
    open_hours(app, profile.id)
    nurse = signed_in(app, "nurse")
    for someone in (doctor, nurse):
        relate(app, patient.id, someone.user.id)
    visit_id = make_visit(app, patient.id, profile.id)
    somebody = signed_in(app, user=user)
    item_id = make_item(app, stock=10)
    return Clinic(app, doctor, nurse, somebody, patient, profile.id, profile.name, visit_id, item_id)


def measured(**fields: Any) -> dict[str, Any]:
    """Return a set of vital signs as it is sent."""
    values = [("heart_rate", 72, "/min"), ("temperature", 98.6, "[degF]"), ("systolic", 128, "mm[Hg]")]
    values.append(("diastolic", 82, "mm[Hg]"))
    return {"measurements": [{"kind": kind, "value": value, "unit": unit} for kind, value, unit in values], **fields}


def whole(clinic: Clinic) -> dict[str, Any]:
    """Return a consultation of twelve parts beside the words of the visit."""
    return {
        "visit": {"chief_complaint": "Cough <3 days & fever", "patient_instructions": "<p>Drink <b>2 l</b></p>"},
        "vitals": measured(notes="Sitting"),
        "note": {"subjective": "Coughs", "plan": "Rest\nFluids"},
        "diagnoses": [
            {"code": "J45.909", "display": "Unspecified asthma, uncomplicated", "is_primary": True},
            {"code": "R05.9", "display": "Cough, unspecified"},
            {"display": "Tired of coughing <3"},
        ],
        "treatments": [
            {"name": "Inhalation", "cost": "12.50", "items_used": [{"item_id": str(clinic.item_id), "quantity": 2}]},
            {"name": "Dressing", "status": "in_progress"},
            {"name": "Advice", "notes": "O'Brien said so"},
        ],
        "procedures": [{"name": "Spirometry"}, {"name": "Chest X-ray", "indication": "Fever"}, {"name": "ECG"}],
        "follow_up": {"starts_at": written(at(7)), "reason": "Is it better?"},
    }


def counts(app: Flask) -> dict[str, int]:
    """Return how many rows there are of all that a consultation writes."""
    with app.app_context(), db.engine.connect() as connection:
        tables = (db.metadata.tables[name] for name in WRITTEN)
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


@contextlib.contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Note the statements that are sent to the database."""
    with app.app_context():
        engine = db.engine
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        noted.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(engine, "before_cursor_execute", note)
