"""Who sees what of prescriptions: the pharmacy no visit, patients no drafts; lists, filters, merges."""

from datetime import timedelta

import pytest

from server.core import clock
from server.modules.prescriptions.models import Prescription
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import ids, refused
from tests.prescriptions.support import act, done, found, path, rows, tag, write


@pytest.mark.parametrize("role", ["pharmacist", "pharmacy_manager", "pharmacy_technician"])
def test_the_pharmacy_sees_the_card_and_allergies_and_no_visit(app, scene, role):
    visit_id = str(scene.visit())
    made = scene.prescribe(visit_id=visit_id, notes="Soon")
    scene.allergy("Latex", reaction="Rash")
    someone = signed_in(app, role)
    listed = someone.get("/prescriptions").json["data"]
    for seen in (*listed, done(someone.get(path(made)))):
        assert "visit_id" not in seen
        card = seen["patient"]
        assert {"id", "name", "mrn", "date_of_birth", "sex", "phone", "allergies", "no_known_allergies"} == card.keys()
        assert [one["substance"] for one in card["allergies"]] == ["Latex"]
        assert seen["notes"] == "Soon"
    assert ids(someone.get(f"/prescriptions?visit_id={visit_id}")) == []
    assert ids(scene.doctor.get(f"/prescriptions?visit_id={visit_id}")) == [made["id"]]


def test_the_patient_sees_their_own_but_no_drafts_and_no_findings(app, scene):
    made, draft = scene.prescribe(visit_id=str(scene.visit())), scene.prescribe(status="draft")
    assert ids(scene.somebody.get("/prescriptions")) == [made["id"]]
    seen = done(scene.somebody.get(path(made)))
    assert "findings" not in seen
    assert seen["visit_id"] == made["visit_id"]
    assert seen["verify_code"] == made["verify_code"]
    refused(scene.somebody.get(path(draft)), 404, "not_found")
    assert ids(scene.somebody.get("/prescriptions?status=draft")) == []
    refused(signed_in(app, "patient").get(path(made)), 404, "not_found")


def test_lists_are_filtered(app, scene):
    drug = scene.drug()
    first, second = (
        scene.prescribe(medication_id=drug),
        scene.prescribe(date_prescribed="2026-01-31", expires_on="2027-01-31"),
    )
    with app.app_context():
        today = clock.today()

    def listed(**query):
        return ids(scene.doctor.get("/prescriptions", query_string=query))

    assert listed() == [second["id"], first["id"]]
    assert listed(sort="-date_prescribed") == [first["id"], second["id"]]
    assert listed(medication_id=drug) == [first["id"]]
    assert listed(doctor_id=str(scene.profile.id), patient_id=str(scene.patient.id), status="active") == listed()
    assert listed(**{"from": str(today)}) == [first["id"]]
    assert listed(to="2026-01-31") == [second["id"]]
    assert listed(**{"from": "2026-02-01", "to": str(today - timedelta(days=1))}) == []
    assert listed(status="stopped") == listed(source="external") == []


def test_a_merge_moves_prescriptions_and_parts_their_versions_again(app, scene):
    other, admin = make_patient(app), signed_in(app, "admin")
    relate(app, other.id, scene.doctor.user.id)
    none_known = scene.doctor.put(f"/patients/{other.id}/allergies/none-known", json={})
    assert none_known.status_code == 200
    theirs = scene.prescribe(patient_id=str(other.id))
    merged = admin.post(f"/patients/{scene.patient.id}/merge", json={"duplicate_id": str(other.id)})
    assert merged.status_code == 200, merged.text
    seen = done(scene.doctor.get(path(theirs)))
    assert seen["patient_id"] == str(scene.patient.id)
    second = done(act(scene.doctor, seen, "revise", quantity=3))
    third = done(act(scene.doctor, second, "revise", quantity=4))
    assert admin.post(f"/patients/{scene.patient.id}/unmerge").status_code == 200
    for one in (theirs, second, third):
        assert done(scene.doctor.get(path(one)))["patient_id"] == str(other.id)


def test_ones_own_chart_is_not_ones_own_to_prescribe_in(app):
    doctor = signed_in(app, "doctor")
    own = make_patient(app, user_id=doctor.user.id)
    relate(app, own.id, doctor.user.id)
    body = {"patient_id": str(own.id), "medication_id": str(own.id), "quantity": 1}
    refused(doctor.post("/prescriptions", json=body), 403, "own_record")


# In a consultation


def test_prescriptions_of_a_consultation_are_stored_together_or_not_at_all(app, scene):
    visit_id = scene.visit()
    where, good = f"/visits/{visit_id}/chart", {"medication_id": scene.drug(), "quantity": 10}
    wrong = {"medication_id": scene.drug(), "quantity": 0}
    answer = scene.doctor.post(where, json={"prescriptions": [good, wrong]})
    refused(answer, 422, "validation_failed", "prescriptions.1.quantity")
    nobody = {"medication_id": str(visit_id), "quantity": 1}
    answer = scene.doctor.post(where, json={"prescriptions": [good, nobody]})
    refused(answer, 422, "validation_failed", "prescriptions.1.medication_id")
    answer = scene.doctor.post(where, json={"prescriptions": [good, good]})
    assert [one["kind"] for one in found(answer)] == ["duplicate"]
    assert set(answer.json["errors"]) == {"prescriptions.1"}
    assert rows(app, "SELECT id FROM prescriptions") == []
    saved = done(scene.doctor.post(where, json={"prescriptions": [good], "note": {"plan": "Rest"}}), 201)
    assert [one["visit_id"] for one in saved["prescriptions"]] == [str(visit_id)]


# In timeline and summary


def test_timeline_and_summary_tell_of_prescriptions(app, scene):
    one, other = scene.drug("Alphatestol 1 MG Oral Tablet"), scene.drug("Betatestol 1 MG Oral Tablet")
    items = [{"medication_id": drug, "quantity": 1} for drug in (one, other)]
    made, stopped = scene.prescribe(items=items, quantity=None), scene.prescribe()
    scene.prescribe(status="draft")
    done(act(scene.doctor, stopped, "stop"))
    past = scene.prescribe()
    with app.app_context():
        write(app, Prescription, past["id"], expires_on=clock.today() - timedelta(days=1))
    for someone in (scene.doctor, scene.somebody):
        summary = done(someone.get(f"/patients/{scene.patient.id}/summary"))
        assert [one["id"] for one in summary["active_prescriptions"]] == [made["id"]]
        events = someone.get(f"/patients/{scene.patient.id}/timeline").json["data"]
        told = [(event["kind"], event["object_id"]) for event in events if event["kind"].startswith("prescription")]
        assert sorted(told) == sorted(
            [
                *(("prescription", one["id"]) for one in (made, stopped, past)),
                ("prescription_stopped", stopped["id"]),
            ]
        )
        titles = {event["object_id"]: event["title"] for event in events}
        assert titles[made["id"]] == "Alphatestol 1 MG Oral Tablet and others"


def test_an_error_is_taken_out_of_the_timeline(scene):
    made = scene.prescribe()
    assert scene.doctor.delete(path(made), query_string={"reason": "typo"}, headers=tag(made)).status_code == 204
    events = scene.doctor.get(f"/patients/{scene.patient.id}/timeline").json["data"]
    assert [event for event in events if event["object_id"] == made["id"]] == []
