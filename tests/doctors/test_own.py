"""Doctors make and change their own profile; what the clinic vouches for stays the admin's to change."""

import pytest

from tests.doctors.support import PRIVATE, PUBLIC, WHOLE, add, look
from tests.factories.database import query
from tests.factories.people import signed_in
from tests.patients.support import refused

OWN = {
    "title": "Dr.",
    "bio": "<p>Hello</p>",
    "languages": ["fr"],
    "city": "Lyon",
    "consultation_fee": "30.00",
    "years_of_experience": 3,
    "qualifications": ["MD"],
    "timezone": "Europe/Paris",
    "default_duration_minutes": 20,
}
CLINICS = {
    "first_name": "Other",
    "last_name": "Other",
    "specialties": ["urology"],
    "license_number": "X",
    "license_expires_on": "2099-01-01",
    "user_id": None,
    "status": "inactive",
}


@pytest.fixture
def doctor(app):
    """Give a client signed in as a doctor without a profile."""
    return signed_in(app, "doctor", first_name="Ngọc", last_name="Trần")


def test_one_makes_ones_own(app, client, doctor):
    refused(doctor.get("/doctors/me/profile"), 404, "not_found")
    refused(doctor.patch("/doctors/me/profile", json=OWN), 404, "not_found")
    assert "doctor_id" not in doctor.get("/auth/me").json["data"]
    answer = doctor.post("/doctors/me/profile", json=WHOLE)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert made.keys() == PUBLIC | PRIVATE
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert made["user_id"] == str(doctor.user.id)
    assert answer.headers["Location"] == f"/api/v1/doctors/{made['id']}"
    assert doctor.get("/doctors/me/profile").json["data"] == made
    assert look(client, f"/doctors/{made['id']}").status_code == 200
    refused(doctor.post("/doctors/me/profile", json={}), 409, "already_has_profile")


def test_names_not_given_are_those_of_the_account(doctor):
    made = doctor.post("/doctors/me/profile", json={"title": "Dr."}).json["data"]
    assert made["name"] == "Ngọc Trần"


@pytest.mark.parametrize("name", ["user_id", "email", "id", "status"])
def test_a_new_profile_is_ones_own(app, doctor, name):
    value = {"email": "x@example.com", "status": "active"}.get(name, "01900000-0000-7000-8000-000000000000")
    answer = doctor.post("/doctors/me/profile", json={name: value})
    assert answer.status_code == 422
    assert name in answer.json["errors"]
    assert query(app, "SELECT id FROM doctors") == []


def test_one_changes_ones_own(doctor):
    doctor.post("/doctors/me/profile", json=WHOLE)
    answer = doctor.patch("/doctors/me/profile", json=OWN, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert answer.json["data"] == {
        **doctor.get("/doctors/me/profile").json["data"],
        **WHOLE,
        **OWN,
        "version": 2,
    }
    refused(doctor.patch("/doctors/me/profile", json=OWN, headers={"If-Match": '"1"'}), 412, "stale_version")


@pytest.mark.parametrize("name", CLINICS)
def test_what_the_clinic_vouches_for_is_read_only(doctor, name):
    made = doctor.post("/doctors/me/profile", json=WHOLE).json["data"]
    refused(doctor.patch("/doctors/me/profile", json={name: CLINICS[name], "city": "X"}), 422, "read_only", name)
    assert doctor.get("/doctors/me/profile").json["data"] == made


def test_an_admin_made_it_for_one(doctor, admin):
    made = add(admin, user_id=str(doctor.user.id))
    changed = doctor.patch("/doctors/me/profile", json={"city": "Huế"}).json["data"]
    assert (changed["id"], changed["city"], changed["name"]) == (made["id"], "Huế", "Ida Quist")


def test_others_have_no_profile(app):
    for role in ("admin", "nurse", "patient"):
        refused(signed_in(app, role).get("/doctors/me/profile"), 403, "forbidden")
