"""Ordering, changing and cancelling procedures."""

import uuid

import pytest

from tests.factories.calendar import make_doctor
from tests.factories.charts import make_visit, set_visit
from tests.factories.people import make_patient, named, relate, signed_in
from tests.patients.support import refused
from tests.procedures.support import WHOLE, make_service, one, order, perform


def test_every_field_is_kept(ward):
    made = order(ward.doctor, visit_id=ward.visit_id, **WHOLE)
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert (made["status"], made["version"], made["performed"], made["addenda"]) == ("ordered", 1, None, [])
    assert made["patient"] == {
        "id": str(ward.patient.id),
        "name": f"{ward.patient.first_name} {ward.patient.last_name}",
        "mrn": ward.patient.mrn,
    }
    assert (made["visit_id"], made["recorded_by"]) == (str(ward.visit_id), str(ward.doctor.user.id))
    assert made["author"] == named(ward.doctor)
    assert (made["charge_id"], made["voided"], made["cancel_reason"]) == (None, None, None)
    assert ward.nurse.get(one(made)).json["data"] == made


def test_a_doctor_orders_in_their_own_name(app, ward):
    made = order(ward.doctor, patient_id=ward.patient.id)
    assert made["doctor"] == {"id": str(ward.profile.id), "name": ward.profile.name}
    assert order(ward.doctor, patient_id=ward.patient.id, doctor_id=ward.profile.id)["doctor_id"] == made["doctor_id"]
    body = {"patient_id": str(ward.patient.id), "doctor_id": str(make_doctor(app).id), "name": "ECG"}
    refused(ward.doctor.post("/procedures", json=body), 422, "validation_failed", "doctor_id")


def test_a_nurse_orders_for_a_doctor(app, ward):
    named = make_doctor(app)
    assert order(ward.nurse, visit_id=ward.visit_id)["doctor_id"] == str(ward.profile.id)
    assert order(ward.nurse, visit_id=ward.visit_id, doctor_id=named.id)["doctor_id"] == str(named.id)
    assert order(ward.nurse, patient_id=ward.patient.id)["doctor_id"] is None
    for doctor_id in (uuid.uuid4(), make_doctor(app, status="inactive").id):
        body = {"patient_id": str(ward.patient.id), "doctor_id": str(doctor_id), "name": "ECG"}
        refused(ward.nurse.post("/procedures", json=body), 422, "validation_failed", "doctor_id")


def test_whose_it_is_must_be_said(app, ward):
    refused(ward.doctor.post("/procedures", json={"name": "ECG"}), 422, "validation_failed", "patient_id")
    other = make_patient(app)
    body = {"name": "ECG", "visit_id": str(ward.visit_id), "patient_id": str(other.id)}
    refused(ward.doctor.post("/procedures", json=body), 422, "validation_failed", "visit_id")
    for body in ({"patient_id": str(other.id)}, {"visit_id": str(make_visit(app, other.id))}):
        refused(ward.doctor.post("/procedures", json={"name": "ECG", **body}), 404, "not_found")
    refused(ward.doctor.post("/procedures", json={"name": "ECG", "visit_id": str(uuid.uuid4())}), 404, "not_found")


def test_a_name_or_a_service(app, ward):
    service = make_service(app)
    made = ward.doctor.post("/procedures", json={"patient_id": str(ward.patient.id), "service_id": service}).json[
        "data"
    ]
    assert (made["name"], made["service_id"]) == ("Minor surgery", service)
    assert order(ward.doctor, patient_id=ward.patient.id, service_id=service, name="Wart")["name"] == "Wart"
    body = {"patient_id": str(ward.patient.id)}
    refused(ward.doctor.post("/procedures", json=body), 422, "validation_failed", "name")
    body["service_id"] = str(uuid.uuid4())
    refused(ward.doctor.post("/procedures", json=body), 422, "validation_failed", "service_id")


def test_nothing_is_ordered_for_the_dead(app, ward):
    ordered = order(ward.doctor, visit_id=ward.visit_id)
    done = perform(ward.doctor, order(ward.doctor, patient_id=ward.patient.id))
    admin = signed_in(app, "admin")
    assert admin.patch(f"/patients/{ward.patient.id}", json={"status": "deceased"}).status_code == 200
    body = {"patient_id": str(ward.patient.id), "name": "ECG"}
    refused(ward.doctor.post("/procedures", json=body), 409, "patient_deceased")
    stands = ward.doctor.get(one(ordered)).json["data"]
    assert (stands["status"], stands["cancel_reason"]) == ("cancelled", "patient_deceased")
    assert ward.doctor.get(one(done)).json["data"]["status"] == "performed"


def test_put_replaces_and_patch_changes(app, ward):
    service = make_service(app)
    made = order(ward.doctor, visit_id=ward.visit_id, service_id=service, **WHOLE)
    patched = ward.nurse.patch(one(made), json={"name": "Holter", "version": 1}).json["data"]
    assert (patched["name"], patched["indication"], patched["version"]) == ("Holter", WHOLE["indication"], 2)
    again = ward.nurse.put(one(made), json=patched)
    assert again.status_code == 200, again.text
    put = ward.nurse.put(one(made), json={"name": "ECG", "version": again.json["data"]["version"]}).json["data"]
    assert (put["name"], put["indication"], put["service_id"]) == ("ECG", None, None)
    refused(ward.nurse.put(one(made), json={"version": put["version"]}), 422, "validation_failed", "name")
    refused(ward.nurse.patch(one(made), json={"doctor_id": None, "version": 1}), 422, "read_only", "doctor_id")
    refused(ward.nurse.patch(one(made), json={"name": "x"}), 428, "version_required")
    refused(ward.nurse.patch(one(made), json={"name": "x", "version": 1}), 412, "stale_version")


def test_cancelling_needs_a_reason_and_is_final(ward):
    made = order(ward.doctor, visit_id=ward.visit_id)
    refused(ward.nurse.post(one(made, "cancel"), json={}), 422, "validation_failed", "reason")
    answer = ward.nurse.post(one(made, "cancel"), json={"reason": "declined"})
    assert answer.status_code == 200, answer.text
    assert (answer.json["data"]["status"], answer.json["data"]["cancel_reason"]) == ("cancelled", "declined")
    refused(ward.nurse.post(one(made, "cancel"), json={"reason": "again"}), 409, "invalid_transition")
    refused(ward.nurse.post(one(made, "perform"), json={}), 409, "invalid_transition")
    refused(ward.nurse.patch(one(made), json={"name": "x", "version": 2}), 409, "invalid_transition")


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_closed_visit_lets_nothing_in(app, ward, status):
    made = order(ward.doctor, visit_id=ward.visit_id)
    set_visit(app, ward.visit_id, status=status)
    tries = [
        ward.doctor.post("/procedures", json={"visit_id": str(ward.visit_id), "name": "ECG"}),
        ward.doctor.put(one(made), json={"name": "x", "version": 1}),
        ward.doctor.patch(one(made), json={"name": "x", "version": 1}),
        ward.doctor.post(one(made, "perform"), json={}),
        ward.doctor.post(one(made, "cancel"), json={"reason": "late"}),
    ]
    for answer in tries:
        refused(answer, 409, "visit_closed")
    assert ward.doctor.get(one(made)).json["data"] == made


@pytest.mark.parametrize("role", ["technician", "receptionist", "pharmacist", "cashier", "patient", "admin"])
def test_doctors_and_nurses_order(app, as_role, ward, role):
    someone = as_role(role)
    relate(app, ward.patient.id, someone.user.id)
    body = {"patient_id": str(ward.patient.id), "name": "ECG"}
    refused(someone.post("/procedures", json=body), 403, "forbidden")


@pytest.mark.parametrize("name", ["status", "recorded_by", "code", "performed", "charge_id", "source"])
def test_what_the_server_says_is_not_sent(ward, name):
    body = {"patient_id": str(ward.patient.id), "name": "ECG", name: "x"}
    refused(ward.doctor.post("/procedures", json=body), 422, "read_only", name)
