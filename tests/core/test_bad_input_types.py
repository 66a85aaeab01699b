"""Wrong types in every field of every body: 422 naming the field, never a 500."""

import uuid
from collections import defaultdict

import pytest

from tests.core.bodies import WRONG, Place, at, fitting, kind_of, places, with_bodies
from tests.factories import calendar
from tests.factories.calendar import make_doctor, open_hours
from tests.factories.charts import make_visit
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import blamed


@pytest.fixture
def everybody(app):
    """Give a function that sends a body to an endpoint as somebody who may call it, with a path that exists."""
    user = make_user(app, "admin", "doctor", "patient", "pharmacist")
    someone = signed_in(app, user=user)
    patient = make_patient(app)
    relate(app, patient.id, user.id)
    base = f"/patients/{patient.id}"
    allergy = someone.post(f"{base}/allergies", json={"substance": "Latex", "severity": "mild"}).json["data"]["id"]
    condition = someone.post(f"{base}/conditions", json={"display": "Gout"}).json["data"]["id"]
    friend = {"kind": "emergency", "name": "Bo", "relationship": "friend", "phone": "+16175550100"}
    contact = someone.post(f"{base}/contacts", json=friend).json["data"]["id"]
    specialty = someone.post("/specialties", json={"name": "Sleep medicine"}).json["data"]["id"]
    holiday = someone.post("/clinic/holidays", json={"date": "2026-12-25", "name": "Christmas"}).json["data"]["id"]
    doctor_id = make_doctor(app, user_id=user.id).id
    visit = make_visit(app, patient.id, doctor_id)
    gauze = someone.post("/items", json={"name": "Gauze", "kind": "supply"}).json["data"]["id"]
    found = {
        "category_id": someone.post("/categories", json={"name": "Dressings"}).json["data"]["id"],
        "item_id": gauze,
        "supplier_id": someone.post("/suppliers", json={"name": "Acme"}).json["data"]["id"],
        "order_id": someone.post("/orders", json={"lines": [{"item_id": gauze, "quantity": 5}]}).json["data"]["id"],
        "lot_id": someone.post(f"/items/{gauze}/lots", json={"quantity": 5}).json["data"]["id"],
        "rule_id": open_hours(app, doctor_id, days=[0])[0],
        "specialty_id": specialty,
        "holiday_id": holiday,
        "doctor_id": doctor_id,
        "contact_id": contact,
        "appointment_id": calendar.book(app, doctor_id, patient.id, calendar.at(3), override_reason="At home").id,
        "review_id": uuid.uuid4(),
        "transaction_id": uuid.uuid4(),
        "entry_id": uuid.uuid4(),
        "patient_id": patient.id,
        "allergy_id": allergy,
        "condition_id": condition,
        "visit_id": visit,
        "service_id": someone.post("/services", json={"code": "A1", "name": "X-ray", "price": "9"}).json["data"]["id"],
        "treatment_id": someone.post("/treatments", json={"visit_id": str(visit), "name": "Dressing"}).json["data"][
            "id"
        ],
        "note_id": someone.post(f"/visits/{visit}/notes", json={"plan": "Rest"}).json["data"]["id"],
        "record_id": someone.post("/records", json={"patient_id": str(patient.id), "notes": "Well"}).json["data"]["id"],
        "vital_id": someone.post(
            f"/visits/{visit}/vitals", json={"measurements": [{"kind": "pain", "value": 3, "unit": "{score}"}]}
        ).json["data"]["id"],
        "procedure_id": someone.post("/procedures", json={"patient_id": str(patient.id), "name": "ECG"}).json["data"][
            "id"
        ],
        "medication_id": someone.post("/medications", json={"name": "Amoxil"}).json["data"]["id"],
        "dispense_id": uuid.uuid4(),
        "prescription_id": someone.post("/prescriptions", json=_draft(someone, patient.id)).json["data"]["id"],
        "user_id": make_user(app, "nurse").id,
        "vaccine_id": someone.post(
            "/vaccines", json={"patient_id": str(patient.id), "vaccine_code": "08", "administered_on": "2020-01-01"}
        ).json["data"]["id"],
    }
    counted = someone.post("/stocktakes", json={"item_ids": [str(gauze)]})
    found["stocktake_id"] = counted.json["data"]["id"]

    def send(endpoint, body):
        where = endpoint.rule.rule
        for name in endpoint.rule.arguments:
            where = where.replace(f"<uuid:{name}>", str(found[name]))
        assert "<" not in where, f"say which object {where} is about"
        headers = {"If-Match": "*"} if endpoint.declaration.version else {}
        headers |= someone.tokens.headers
        return someone.client.open(where, method=endpoint.verb.upper(), json=body, headers=headers)

    return send


def _draft(someone, patient_id):
    drug = someone.post("/medications", json={"name": "Testol"}).json["data"]["id"]
    return {"patient_id": str(patient_id), "medication_id": drug, "quantity": 1, "status": "draft"}


def body_of(place: Place, value):
    schema = place.endpoint.declaration.body()
    base = {} if place.endpoint.verb == "patch" else fitting(schema)
    return at(place.path, value, base)


def test_wrong_types_are_named(app, everybody):
    unnamed = defaultdict(list)
    for place in places(app):
        for value in WRONG[kind_of(place.field)]:
            answer = everybody(place.endpoint, body_of(place, value))
            name = ".".join(place.path)
            named = any(one == name or one.startswith(f"{name}.") for one in blamed(answer))
            # a name that stands for two others may be refused together with them
            if answer.status_code != 422 or not (named or "identifier" in blamed(answer)):
                unnamed[place.name].append((value, answer.status_code, answer.text[:300]))
    assert not unnamed


def test_null_is_taken_or_named(app, everybody):
    for place in places(app):
        answer = everybody(place.endpoint, body_of(place, None))
        if not place.field.allow_none:
            assert answer.status_code == 422, (place.name, answer.text)


def test_unknown_fields_are_named(app, everybody):
    for endpoint in with_bodies(app):
        answer = everybody(endpoint, {"no_such_field": 1})
        assert answer.status_code == 422, (endpoint.path, answer.text)
        assert "no_such_field" in blamed(answer) or "identifier" in blamed(answer), (endpoint.path, answer.text)


def test_unknown_query_parameters_are_named(app, everybody):
    someone = signed_in(app, "admin")
    for where in ("/patients", "/auth/me", "/users", "/audit-logs"):
        answer = someone.get(f"{where}?no_such=1")
        assert answer.status_code == 422
        assert blamed(answer) == {"no_such"}
