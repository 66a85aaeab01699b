import uuid

import pytest

from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import path, refused


@pytest.fixture
def admin(app):
    """Give a client signed in as an admin."""
    return signed_in(app, "admin")


@pytest.fixture
def patient(app):
    """Give a patient nobody cares for."""
    return make_patient(app)


@pytest.fixture
def team(patient):
    """Give the path of their care team."""
    return path(patient, "care-team")


@pytest.mark.parametrize("role", ["doctor", "nurse", "technician"])
def test_joining_opens_the_chart_and_leaving_closes_it_at_once(app, admin, patient, team, role):
    someone = signed_in(app, role)
    assert someone.get(path(patient)).status_code == 404
    answer = admin.post(team, json={"user_id": str(someone.user.id), "role": "Attending"})
    assert answer.status_code == 201, answer.text
    member = answer.json["data"]
    assert member["user_id"] == str(someone.user.id)
    assert member["user"] == {"id": str(someone.user.id), "name": f"{someone.user.first_name} {someone.user.last_name}"}
    assert member["role"] == "Attending"
    assert answer.headers["Location"].endswith(f"{team}/{someone.user.id}")
    assert someone.get(path(patient)).status_code == 200
    assert someone.get("/patients").json["meta"]["total"] == 1
    assert admin.get(team).json["data"] == [member]
    for _ in range(2):
        assert admin.delete(f"{team}/{someone.user.id}").status_code == 204
    assert someone.get(path(patient)).status_code == 404
    assert someone.get("/patients").json["meta"]["total"] == 0
    assert admin.get(team).json["data"] == []


def test_one_joins_once_and_may_come_back(app, admin, team):
    nurse = make_user(app, "nurse")
    body = {"user_id": str(nurse.id)}
    assert admin.post(team, json=body).status_code == 201
    refused(admin.post(team, json=body), 409, "already_member", "user_id")
    admin.delete(f"{team}/{nurse.id}")
    assert admin.post(team, json=body).status_code == 201


@pytest.mark.parametrize("role", ["admin", "receptionist", "pharmacist", "cashier", "patient"])
def test_only_clinicians_join(app, admin, team, role):
    someone = make_user(app, role)
    refused(admin.post(team, json={"user_id": str(someone.id)}), 422, "validation_failed", "user_id")


def test_who_cannot_act_does_not_join(app, admin, team):
    gone = make_user(app, "doctor", status="deactivated")
    refused(admin.post(team, json={"user_id": str(gone.id)}), 422, "validation_failed", "user_id")
    refused(admin.post(team, json={"user_id": str(uuid.uuid4())}), 422, "validation_failed", "user_id")
    refused(admin.post(team, json={}), 422, "validation_failed", "user_id")


def test_doctors_manage_the_teams_of_their_patients(app, patient, team):
    doctor, nurse = signed_in(app, "doctor"), signed_in(app, "nurse")
    body = {"user_id": str(nurse.user.id)}
    refused(doctor.post(team, json=body), 404, "not_found")
    relate(app, patient.id, doctor.user.id)
    assert doctor.post(team, json=body).status_code == 201
    assert len(nurse.get(team).json["data"]) == 1
    refused(nurse.post(team, json={"user_id": str(doctor.user.id)}), 403, "forbidden")
    refused(nurse.delete(f"{team}/{doctor.user.id}"), 403, "forbidden")
    assert doctor.delete(f"{team}/{nurse.user.id}").status_code == 204


def test_leaving_the_team_ends_no_other_relation(app, admin, patient, team):
    doctor = signed_in(app, "doctor")
    relate(app, patient.id, doctor.user.id)
    admin.post(team, json={"user_id": str(doctor.user.id)})
    admin.delete(f"{team}/{doctor.user.id}")
    assert doctor.get(path(patient)).status_code == 200


def test_a_visit_or_appointment_is_no_membership(app, admin, patient, team):
    relate(app, patient.id, make_user(app, "doctor").id)
    assert admin.get(team).json["data"] == []


def test_who_never_was_in_the_team_leaves_it_too(app, admin, team):
    assert admin.delete(f"{team}/{uuid.uuid4()}").status_code == 204


def test_below_nobody_there_is_no_team(admin):
    refused(admin.get(path(uuid.uuid4(), "care-team")), 404, "not_found")
