"""Who reaches the treatments of a patient: who cares for them, they themselves, and nobody else."""

import uuid
from datetime import timedelta

import pytest

from server.core import clock
from tests.factories.people import make_patient, make_user, named, relate, signed_in
from tests.patients.support import ids, path as patient_path, refused
from tests.treatments.support import path


@pytest.mark.parametrize("role", ["doctor", "nurse", "technician"])
def test_who_cares_for_the_patient_plans_and_completes(scene, role):
    someone = scene.another(role)
    made = scene.plan(someone)
    assert someone.post(path(made, "complete")).json["data"]["status"] == "completed"
    assert ids(someone.get("/treatments")) == [made["id"]]
    assert someone.get(path(made)).status_code == 200


@pytest.mark.parametrize("role", ["doctor", "nurse", "technician"])
def test_who_does_not_care_for_them_finds_nothing(app, scene, role):
    made, stranger = scene.plan(), signed_in(app, role)
    assert ids(stranger.get("/treatments")) == []
    assert ids(stranger.get("/treatments", query_string={"patient_id": scene.patient.id})) == []
    body = {"visit_id": str(scene.visit_id), "name": "x"}
    for answer in (
        stranger.get(path(made)),
        stranger.post("/treatments", json=body),
        stranger.patch(path(made), json={"notes": "x", "version": 1}),
        stranger.put(path(made), json={"name": "x", "version": 1}),
        stranger.post(path(made, "complete")),
        stranger.post(path(made, "cancel")),
        stranger.delete(f"{path(made)}?reason=x", headers={"If-Match": "1"}),
    ):
        refused(answer, 404, "not_found")
    assert scene.shown(made) == made


@pytest.mark.parametrize("role", ["receptionist", "pharmacist", "cashier"])
def test_other_staff_are_not_let_in(app, scene, role):
    made, someone = scene.plan(), signed_in(app, role)
    refused(someone.get("/treatments"), 403, "forbidden")
    refused(someone.get(path(made)), 403, "forbidden")
    refused(someone.post(path(made, "complete")), 403, "forbidden")


def test_a_relation_that_has_ended_opens_nothing(app, scene):
    made, former = scene.plan(), signed_in(app, "nurse")
    past = clock.now() - timedelta(hours=1)
    relate(app, scene.patient.id, former.user.id, starts_at=past - timedelta(days=1), ends_at=past)
    refused(former.get(path(made)), 404, "not_found")


def test_patients_read_their_own_and_no_others(app, scene):
    made = scene.plan()
    other_user = make_user(app, "patient")
    make_patient(app, user_id=other_user.id)
    other = signed_in(app, user=other_user)
    assert ids(scene.somebody.get("/treatments")) == [made["id"]]
    facts = {name: value for name, value in made.items() if name not in ("notes", "cancel_reason")}
    assert scene.somebody.get(path(made)).json["data"] == facts
    assert ids(other.get("/treatments")) == []
    refused(other.get(path(made)), 404, "not_found")
    refused(scene.somebody.post(path(made, "complete")), 403, "forbidden")
    refused(scene.somebody.patch(path(made), json={"notes": "x", "version": 1}), 403, "forbidden")


def test_on_ones_own_chart_one_is_a_patient(app):
    user = make_user(app, "doctor")
    own = make_patient(app, user_id=user.id)
    colleague = signed_in(app, "doctor")
    relate(app, own.id, colleague.user.id)
    from tests.factories.calendar import make_doctor
    from tests.factories.charts import make_visit

    visit_id = make_visit(app, own.id, make_doctor(app).id)
    body = {"visit_id": str(visit_id), "name": "x"}
    made = colleague.post("/treatments", json=body).json["data"]
    doctor = signed_in(app, user=user)
    refused(doctor.get(path(made)), 403, "own_record")
    refused(doctor.post("/treatments", json=body), 403, "own_record")
    refused(doctor.post(path(made, "complete")), 403, "own_record")
    refused(doctor.get("/treatments", query_string={"patient_id": own.id}), 403, "own_record")
    assert ids(doctor.get("/treatments")) == []


def test_through_broken_glass_one_reads_and_adds(app, scene):
    made, admin, doctor = scene.plan(), signed_in(app, "admin"), signed_in(app, "doctor")
    refused(admin.get(path(made)), 404, "not_found")
    assert ids(admin.get("/treatments")) == []
    for someone in (admin, doctor):
        glass = someone.post(patient_path(scene.patient, "break-glass"), json={"reason": "Emergency"})
        assert glass.status_code == 201, glass.text
        assert someone.get(path(made)).json["data"] == made
        assert ids(someone.get("/treatments", query_string={"patient_id": scene.patient.id})) == [made["id"]]
        assert ids(someone.get("/treatments")) == []
    refused(doctor.post(path(made, "complete")), 403, "glass_reads_and_adds_only")
    assert doctor.post("/treatments", json={"visit_id": str(scene.visit_id), "name": "x"}).status_code == 201
    where = f"{path(made)}?reason=Not+this+patient"
    assert admin.delete(where, headers={"If-Match": '"1"'}).status_code == 204
    assert scene.shown(made)["voided"]["by"] == named(admin)


def test_what_is_not_there_is_not_found(scene):
    missing = {"id": str(uuid.uuid4())}
    refused(scene.doctor.get(path(missing)), 404, "not_found")
    refused(scene.doctor.post(path(missing, "complete")), 404, "not_found")


def test_after_a_merge_it_is_the_survivors(app, scene):
    made, survivor, admin = scene.plan(), make_patient(app), signed_in(app, "admin")
    answer = admin.post(patient_path(survivor, "merge"), json={"duplicate_id": str(scene.patient.id)})
    assert answer.status_code == 200, answer.text
    relate(app, survivor.id, scene.doctor.user.id)
    assert scene.shown(made)["patient_id"] == str(survivor.id)
    by_former = scene.doctor.get("/treatments", query_string={"patient_id": scene.patient.id})
    assert ids(by_former) == [made["id"]]
    assert scene.doctor.post(path(made, "complete")).json["data"]["patient"]["id"] == str(survivor.id)
