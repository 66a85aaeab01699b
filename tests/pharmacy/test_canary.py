"""The pharmacy and the till see prescriptions, and of the chart behind them no word: every route is asked."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pytest
from flask import Flask

from server.core.db import db
from server.modules.inventory.models import Lot, StockMovement
from server.modules.pharmacy.models import ControlledEntry
from tests.chart.clinic import Clinic, make_clinic
from tests.chart.test_words import WORDS, write
from tests.factories.calendar import at, written
from tests.factories.people import API, SignedIn, signed_in
from tests.factories.stock import receive
from tests.files.samples import PDF
from tests.pharmacy.support import make_controlled
from tests.records.documents_support import bring

CANARY = "Canary"
WORD = "Words of"
ROLES = ("pharmacist", "pharmacy_manager", "pharmacy_technician", "cashier")
PHARMACY = ROLES[:3]
# Ids of what no patient's chart leads to.
ELSEWHERE = {
    *("audit_log_id", "category_id", "contact_id", "order_id", "service_id", "stocktake_id"),
    *("supplier_id", "user_id"),
}
FOR_THE_PHARMACY = "Crush the tablets."
HOW_TO_TAKE = "One at night."


def sung(what: str) -> str:
    return f"{CANARY} sings of {what}."


def chart_texts(clinic: Clinic) -> dict[str, str]:
    """Write a sentinel into every clinical text of the chart; return an id for each kind of path."""
    visit, patient, doctor = str(clinic.visit_id), str(clinic.patient.id), clinic.doctor
    texts = {
        f"{clinic.visit}/notes": {one: sung(one) for one in ("subjective", "objective", "assessment", "plan")},
        f"/patients/{patient}/conditions": {"display": sung("a condition"), "visit_id": visit},
        "/records": {
            "patient_id": patient,
            "diagnosis": {"code": "J45.909", "display": sung("a diagnosis")},
            "prescriptions": [sung("a drug")],
            **{one: sung(one) for one in ("treatment_plan", "symptoms", "notes")},
        },
    }
    made = [done(doctor, "POST", where, **body)["id"] for where, body in texts.items()]
    ids = dict(zip(("note_id", "condition_id", "record_id"), made, strict=True))
    done(doctor, "POST", f"{clinic.visit}/notes/{ids['note_id']}/sign")
    done(doctor, "POST", f"{clinic.visit}/notes/{ids['note_id']}/addenda", text=sung("an addendum"))
    done(doctor, "POST", f"/records/{ids['record_id']}/release")
    history = {one: sung(one) for one in ("social_history", "chronic_notes")}
    history |= {one: [sung(one)] for one in ("past_surgeries", "family_history")}
    done(doctor, "PATCH", f"/patients/{patient}/medical-history", **history, version=1)
    sitting = {
        "diagnoses": [{"code": "R05.9", "display": sung("a cough"), "is_primary": True}],
        "follow_up": {"starts_at": written(at(7)), "reason": sung("coming again")},
    }
    done(doctor, "POST", clinic.chart, **sitting)
    ids["document_id"] = bring(doctor, clinic.patient, title=sung("a document"))["id"]
    return ids | write(clinic, visit_id=visit)


def done(someone: SignedIn, method: str, where: str, **body: Any) -> dict[str, Any]:
    answer = someone.open(method, where, json=body)
    assert answer.status_code in (200, 201), answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


@dataclass(frozen=True)
class Scene:
    """A chart full of words, what was prescribed and handed out of it, and the ids of all that."""

    clinic: Clinic
    ids: dict[str, str]


@pytest.fixture
def scene(app) -> Scene:
    """Write a chart, prescribe at its visit, and hand a part of that out."""
    clinic = make_clinic(app)
    ids = chart_texts(clinic)
    pharmacist, drug = signed_in(app, "pharmacist"), make_controlled(app)
    receive(app, drug.item_id, 50)
    done(clinic.doctor, "PUT", f"/patients/{clinic.patient.id}/allergies/none-known")
    item = {"medication_id": drug.id, "quantity": 10, "instructions": HOW_TO_TAKE}
    made = done(
        clinic.doctor, "POST", "/prescriptions", visit_id=str(clinic.visit_id), items=[item], notes=FOR_THE_PHARMACY
    )
    fill = done(pharmacist, "POST", f"/prescriptions/{made['id']}/fill", quantity=4)
    sale = done(
        signed_in(app, "cashier"), "POST", "/transactions", lines=[{"dispense_id": fill["id"]}], payment_method="cash"
    )
    ready = done(pharmacist, "POST", f"/prescriptions/{made['id']}/fill", quantity=3)
    ids |= {
        "patient_id": str(clinic.patient.id),
        "visit_id": str(clinic.visit_id),
        "doctor_id": str(clinic.doctor_id),
        "appointment_id": clinic.doctor.get("/appointments").json["data"][0]["id"],
        "allergy_id": str(uuid.uuid4()),
        "prescription_id": made["id"],
        "code": made["verify_code"],
        "dispense_id": ready["id"],
        "transaction_id": sale["id"],
        "medication_id": drug.id,
        "item_id": str(drug.item_id),
    }
    tables = {"lot_id": Lot, "movement_id": StockMovement, "entry_id": ControlledEntry}
    return Scene(clinic, ids | {name: some_id(app, model) for name, model in tables.items()})


def some_id(app: Flask, model: Any) -> str:
    with app.app_context(), db.engine.connect() as connection:
        table = model.__table__
        return str(connection.scalar(table.select().with_only_columns(table.c.id).limit(1)))


def answers(someone: SignedIn, scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield what somebody is answered by every route that reads: as it is, and asked for the patient, and for words."""
    for rule in scene.clinic.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or not rule.rule.startswith(API):
            continue
        assert rule.arguments <= scene.ids.keys() | ELSEWHERE, f"say of what kind of thing {rule.rule} is asked here"
        if not rule.arguments <= scene.ids.keys():
            continue
        where = rule.build(scene.ids, append_unknown=False)[1].removeprefix(API)
        asked = [where, f"{where}?patient_id={scene.ids['patient_id']}", f"{where}?visit_id={scene.ids['visit_id']}"]
        for one in (*asked, f"{where}?q={CANARY}"):
            answer = someone.get(one)
            assert answer.status_code < 500, one
            if answer.status_code == 200:
                yield one, text_of(answer)


def text_of(answer: Any) -> str:
    if answer.data == PDF:
        return sung("a letter")
    if answer.mimetype == "application/pdf":
        return "\n".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(answer.data))
    return str(answer.get_data(as_text=True))


def test_the_pharmacy_reads_prescriptions_and_no_word_of_the_chart(app, scene):
    for role in ROLES:
        someone = signed_in(app, role)
        told = dict(answers(someone, scene))
        assert {where for where, text in told.items() if CANARY in text or WORD in text} == set(), role
        assert {where for where, text in told.items() if str(scene.clinic.visit_id) in text} == set(), role
        assert len(told) > 60
        seen = {where for where, text in told.items() if FOR_THE_PHARMACY in text}
        shown = {"/prescriptions", f"/prescriptions/{scene.ids['prescription_id']}"}
        assert (shown <= seen) == (role in PHARMACY), role
        assert (HOW_TO_TAKE in "".join(told.values())) == (role in PHARMACY), role


def test_the_words_are_there_for_those_who_care_for_the_patient(app, scene):
    told = "".join(text for _, text in answers(scene.clinic.doctor, scene))
    assert {of for of, said in WORDS.items() if said not in told} == {"visit_events.reason"}
    kinds = ("subjective", "objective", "assessment", "plan", "an addendum", "a condition", "a diagnosis", "a drug")
    kinds += ("treatment_plan", "symptoms", "notes", "social_history", "chronic_notes", "past_surgeries")
    kinds += ("family_history", "a cough", "coming again", "a document", "a letter")
    assert {one for one in kinds if sung(one) not in told} == set()
