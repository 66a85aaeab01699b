"""Prescribing: whose, for whom, until when, how often, and drafts that are changed until they are active."""

import re
import uuid
from datetime import date, timedelta

import pytest

from server.core import clock
from server.modules.doctors.models import Doctor
from server.modules.medications.models import Medication
from server.modules.patients.models import Patient
from tests.factories.calendar import signed_in_doctor
from tests.factories.charts import set_visit
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import refused
from tests.prescriptions.support import act, done, path, tag, write

WHOLE = {
    "dose": {"value": 0.5, "unit": "mg"},
    "route": "oral",
    "frequency": {"times_per_day": 2, "interval_hours": 12, "as_needed": True},
    "duration_days": 10,
    "quantity": 20,
    "refills_allowed": 2,
    "instructions": "With water; BP <90/60: ask\nO'Brien µg مرحبا 🦊",
    "substitution_allowed": False,
}


def today(app):
    with app.app_context():
        return clock.today()


def test_a_prescription_says_what_was_sent_and_who_prescribes(app, scene):
    drug = scene.drug()
    made = scene.prescribe(items=[{"medication_id": drug, **WHOLE}], quantity=None, notes="Please & thank <you>")
    assert re.fullmatch(r"RX-\d{6}", made["rx_number"])
    item = made["items"][0]
    assert {name: item[name] for name in WHOLE} == WHOLE
    assert (item["dispensed"], item["remaining"], item["refills_left"]) == (0, 60, 2)
    assert item["medication"]["id"] == item["medication_id"] == drug
    assert (made["status"], made["source"], made["notes"]) == ("active", "internal", "Please & thank <you>")
    assert made["doctor_id"] == str(scene.profile.id)
    assert made["prescriber"] == {
        "kind": "user",
        "id": str(scene.doctor.user.id),
        "name": scene.profile.name,
        "license_number": None,
    }
    assert made["entered_by_id"] == made["activated_by"] == str(scene.doctor.user.id)
    assert made["date_prescribed"] == str(today(app))
    assert made["expires_on"] == str(today(app) + timedelta(days=90))
    assert made["external_prescriber"] is None
    assert made["version"] == 1
    # 24 random bytes
    assert len(made["verify_code"]) == 32
    assert made == done(scene.doctor.get(path(made)))


def test_one_medication_needs_no_list(scene):
    made = scene.prescribe(
        medication_id=scene.drug(), quantity=30, refills_allowed=1, dose={"value": "2", "unit": "mg"}
    )
    assert [(one["quantity"], one["refills_allowed"], one["dose"]["value"]) for one in made["items"]] == [(30, 1, 2)]
    assert made["items"][0]["frequency"] is None


def test_numbers_follow_each_other(scene):
    numbers = [int(scene.prescribe()["rx_number"].removeprefix("RX-")) for _ in range(2)]
    assert numbers[1] == numbers[0] + 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 100_001}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"refills_allowed": -1}, "refills_allowed"),
        ({"dose": {"value": 0, "unit": "mg"}}, "dose.value"),
        ({"dose": {"value": "1e3", "unit": "mg"}}, "dose.value"),
        ({"dose": {"value": 1}}, "dose.unit"),
        ({"frequency": {}}, "frequency.times_per_day"),
        ({"medication_id": str(uuid.uuid4())}, "medication_id"),
        ({"items": []}, "items"),
        ({"items": [{"medication_id": str(uuid.uuid4()), "quantity": 1}]}, "quantity"),
        ({"expires_on": "2001-01-01"}, "expires_on"),
        ({"date_prescribed": "2999-01-01"}, "date_prescribed"),
        ({"status": "filled"}, "status"),
        ({"doctor_id": str(uuid.uuid4())}, "doctor_id"),
        ({"status": "active", "version": 1}, "version"),
        ({"doctor_name": "Dr. Else", "source": "internal"}, "doctor_name"),
        ({"patient_id": None}, "patient_id"),
    ],
)
def test_what_makes_no_sense_is_named(scene, fields, named):
    answer = scene.send(**fields)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["errors"], answer.text


def test_an_item_of_a_list_is_named_by_its_place(scene):
    good = {"medication_id": scene.drug(), "quantity": 1}
    answer = scene.send(items=[good, {**good, "medication_id": str(uuid.uuid4())}], quantity=None)
    refused(answer, 422, "validation_failed", "items.1.medication_id")
    refused(scene.send(items=[good, {"quantity": 2}], quantity=None), 422, "validation_failed", "items.1.medication_id")


def test_what_has_left_the_catalogue_is_not_prescribed(app, scene):
    drug = scene.drug()
    write(app, Medication, drug, is_active=False)
    refused(scene.send(medication_id=drug), 422, "validation_failed", "medication_id")


def test_an_expired_licence_prescribes_nothing(app, scene):
    doctor, _ = signed_in_doctor(app, license_number="L-1", license_expires_on=today(app))
    relate(app, scene.patient.id, doctor.user.id)
    assert scene.prescribe(doctor)["prescriber"]["license_number"] == "L-1"
    write(app, Doctor, license_expires_on=today(app) - timedelta(days=1))
    refused(scene.send(doctor), 409, "license_expired")


def test_a_doctor_without_a_profile_prescribes_by_name(app, scene):
    doctor = signed_in(app, "doctor")
    relate(app, scene.patient.id, doctor.user.id)
    made = scene.prescribe(doctor)
    assert made["doctor_id"] is None
    assert made["prescriber"]["name"] == f"{doctor.user.first_name} {doctor.user.last_name}"


def test_for_the_dead_nothing_is_prescribed(app, scene):
    write(app, Patient, scene.patient.id, status="deceased")
    refused(scene.send(), 409, "patient_deceased")


def test_another_patients_visit_is_refused_and_a_closed_one(app, scene):
    visit_id = scene.visit()
    assert scene.prescribe(visit_id=str(visit_id))["visit_id"] == str(visit_id)
    draft = scene.prescribe(visit_id=str(visit_id), status="draft")
    set_visit(app, visit_id, status="completed")
    refused(scene.send(visit_id=str(visit_id)), 409, "visit_closed")
    refused(act(scene.doctor, draft, "activate"), 409, "visit_closed")
    refused(scene.doctor.patch(path(draft), json={"notes": "x"}, headers=tag(draft)), 409, "visit_closed")
    other = make_patient(app)
    relate(app, other.id, scene.doctor.user.id)
    refused(scene.send(visit_id=str(visit_id), patient_id=str(other.id)), 422, "validation_failed", "visit_id")


# Drafts


def test_a_draft_is_changed_and_then_made_active(app, scene):
    one, two = scene.drug(), scene.drug()
    draft = scene.prescribe(medication_id=one, status="draft")
    assert (draft["status"], draft["expires_on"], draft["activated_at"]) == ("draft", None, None)
    changed = done(scene.doctor.patch(path(draft), json={"quantity": 5, "notes": "Soon"}, headers=tag(draft)))
    assert (changed["items"][0]["quantity"], changed["notes"], changed["version"]) == (5, "Soon", 2)
    whole = {**changed, "items": [*changed["items"], {"medication_id": two, "quantity": 7}], "notes": None}
    put = done(scene.doctor.put(path(draft), json=whole, headers=tag(changed)))
    assert [(item["medication_id"], item["quantity"]) for item in put["items"]] == [(one, 5), (two, 7)]
    assert (put["notes"], put["date_prescribed"]) == (None, draft["date_prescribed"])
    refused(
        scene.doctor.patch(path(draft), json={"quantity": 1}, headers=tag(put)), 422, "validation_failed", "quantity"
    )
    active = done(act(scene.doctor, put, "activate"))
    assert (active["status"], active["expires_on"]) == ("active", str(today(app) + timedelta(days=90)))
    refused(act(scene.doctor, active, "activate"), 409, "prescription_active")


def test_the_version_that_was_read_is_asked_for(scene):
    draft = scene.prescribe(status="draft")
    refused(scene.doctor.patch(path(draft), json={"notes": "x"}), 428, "version_required")
    refused(scene.doctor.patch(path(draft), json={"notes": "x", "version": 9}), 412, "stale_version")


def test_an_active_one_is_not_rewritten(scene):
    made = scene.prescribe()
    for method in ("PUT", "PATCH"):
        body = {**made, "notes": "x"} if method == "PUT" else {"notes": "x"}
        refused(scene.doctor.open(method, path(made), json=body, headers=tag(made)), 409, "prescription_active")


def test_another_doctors_draft_is_theirs(app, scene):
    draft, other = scene.prescribe(status="draft"), scene.another_doctor()
    refused(act(other, draft, "activate"), 404, "not_found")
    refused(other.patch(path(draft), json={"notes": "x"}, headers=tag(draft)), 404, "not_found")
    assert act(other, draft, "cancel", reason="Not needed").status_code == 200


def test_a_draft_whose_last_day_is_over_is_not_made_active(app, scene):
    draft = scene.prescribe(status="draft", date_prescribed="2020-01-01", expires_on="2020-02-01")
    refused(act(scene.doctor, draft, "activate"), 422, "validation_failed", "expires_on")


# Controlled drugs


def test_a_controlled_drug_is_filled_for_thirty_days(app, scene):
    drug = scene.drug("Codeine 30 MG Oral Tablet", controlled_schedule="II")
    assert scene.prescribe(medication_id=drug)["expires_on"] == str(today(app) + timedelta(days=30))


@pytest.mark.parametrize(("schedule", "most"), [("II", 0), ("III", 5), ("IV", 5)])
def test_refills_follow_the_schedule(scene, schedule, most):
    drug = scene.drug("Somnolin 10 MG Oral Tablet", controlled_schedule=schedule)
    answer = scene.send(medication_id=drug, refills_allowed=most + 1)
    refused(answer, 422, "validation_failed", "refills_allowed")
    items = [{"medication_id": drug, "quantity": 1, "refills_allowed": most + 1}]
    refused(scene.send(items=items, quantity=None, status="draft"), 422, "validation_failed", "items.0.refills_allowed")
    assert scene.prescribe(medication_id=drug, refills_allowed=most)["items"][0]["refills_left"] == most


def test_refills_of_schedule_four_end_within_six_months(app, scene):
    drug = scene.drug("Somnolin 10 MG Oral Tablet", controlled_schedule="IV")
    last = today(app) + timedelta(days=180)
    assert scene.prescribe(medication_id=drug, expires_on=str(last))["expires_on"] == str(last)
    answer = scene.send(medication_id=drug, expires_on=str(last + timedelta(days=1)))
    refused(answer, 422, "validation_failed", "expires_on")


# From outside


def test_a_pharmacist_enters_what_was_prescribed_outside(scene, pharmacist):
    sent = {"name": "Dr. Ada Else", "license_number": "X-9", "phone": "+16175550100"}
    made = scene.prescribe(pharmacist, source="external", external_prescriber=sent, date_prescribed="2026-11-01")
    assert (made["status"], made["source"], made["doctor_id"]) == ("active", "external", None)
    assert made["prescriber"] == {"kind": "external", "id": None, **sent}
    assert made["external_prescriber"] == sent
    assert "visit_id" not in made
    assert made["entered_by_id"] == str(pharmacist.user.id)
    by_name = scene.prescribe(pharmacist, doctor_name="Dr. Else")
    assert (by_name["source"], by_name["prescriber"]["name"]) == ("external", "Dr. Else")


def test_outside_and_inside_are_not_confused(scene, pharmacist):
    refused(scene.send(pharmacist), 403, "forbidden")
    refused(scene.send(scene.doctor, source="external", doctor_name="Dr. Else"), 403, "forbidden")
    refused(scene.send(pharmacist, source="external"), 422, "validation_failed", "external_prescriber")
    answer = scene.send(pharmacist, doctor_name="Dr. A", external_prescriber={"name": "Dr. B"})
    refused(answer, 422, "validation_failed", "doctor_name")
    answer = scene.send(pharmacist, doctor_name="Dr. A", visit_id=str(scene.visit()))
    refused(answer, 422, "validation_failed", "visit_id")


def test_a_technician_enters_drafts_which_a_pharmacist_makes_active(scene, technician, pharmacist):
    refused(scene.send(technician, doctor_name="Dr. Else", status="active"), 403, "forbidden")
    draft = scene.prescribe(technician, doctor_name="Dr. Else")
    assert draft["status"] == "draft"
    changed = done(technician.patch(path(draft), json={"quantity": 7}, headers=tag(draft)))
    whole = done(technician.put(path(draft), json={**changed, "notes": "By fax"}, headers=tag(changed)))
    assert whole["prescriber"]["name"] == "Dr. Else"
    refused(act(technician, whole, "activate"), 403, "forbidden")
    active = done(act(pharmacist, whole, "activate"))
    assert (active["status"], active["activated_by"]) == ("active", str(pharmacist.user.id))
    for verb in ("stop", "revise", "cancel"):
        refused(act(technician, active, verb), 403, "forbidden")
    assert done(act(technician, active, "renew"))["status"] == "draft"


def test_whose_a_prescription_is_decides_who_ends_it(scene, pharmacist):
    ours, theirs = (
        scene.prescribe(),
        scene.prescribe(pharmacist, medication_id=scene.drug(), doctor_name="Dr. Else"),
    )
    for verb in ("stop", "revise", "renew", "cancel", "activate"):
        refused(act(pharmacist, ours, verb), 403, "forbidden")
        refused(act(scene.doctor, theirs, verb), 403, "forbidden")
    assert act(pharmacist, theirs, "stop").status_code == 200


def test_a_doctor_who_does_not_care_for_the_patient_finds_nothing(app, scene):
    made, stranger = scene.prescribe(), signed_in(app, "doctor")
    assert scene.send(stranger).status_code == 404
    assert stranger.get(path(made)).status_code == 404
    for verb in ("stop", "revise", "renew", "cancel"):
        assert act(stranger, made, verb).status_code == 404


def test_birth_is_the_first_day_on_which_anything_is_prescribed(app, scene):
    born = date(1980, 1, 1)
    answer = scene.send(date_prescribed=str(born - timedelta(days=1)), status="draft")
    refused(answer, 422, "validation_failed", "date_prescribed")
