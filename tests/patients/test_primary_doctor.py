"""A patient's primary doctor is an active one, named by staff."""

import uuid

import pytest

from tests.doctors.support import add
from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.patients.support import facts, ids, path, refused, register


@pytest.fixture
def admin(app):
    """Give a client signed in as an admin."""
    return signed_in(app, "admin")


def test_staff_name_and_change_it(app, admin):
    first, second = add(admin), add(admin)
    desk = signed_in(app, "receptionist")
    made = register(desk, primary_doctor_id=first["id"])
    assert made["primary_doctor_id"] == first["id"]
    other = register(desk, last_name="Other", date_of_birth="1950-01-01")
    assert ids(desk.get(f"/patients?doctor_id={first['id']}")) == [made["id"]]
    changed = desk.patch(path(made), json={"primary_doctor_id": second["id"]}).json["data"]
    assert (changed["primary_doctor_id"], changed["version"]) == (second["id"], 2)
    put = desk.put(path(other), json=facts(last_name="Other", primary_doctor_id=second["id"]))
    assert put.json["data"]["primary_doctor_id"] == second["id"]
    assert sorted(ids(desk.get(f"/patients?doctor_id={second['id']}"))) == sorted([made["id"], other["id"]])
    assert desk.patch(path(made), json={"primary_doctor_id": None}).json["data"]["primary_doctor_id"] is None


def test_nobody_and_who_sees_nobody_are_refused(app, admin):
    gone = add(admin)
    admin.delete(f"/doctors/{gone['id']}")
    made = register(admin)
    for doctor_id in (gone["id"], str(uuid.uuid4())):
        new = facts(last_name="Else", primary_doctor_id=doctor_id)
        refused(admin.post("/patients", json=new), 422, "validation_failed", "primary_doctor_id")
        for answer in (
            admin.patch(path(made), json={"primary_doctor_id": doctor_id}),
            admin.put(path(made), json=facts(primary_doctor_id=doctor_id)),
        ):
            refused(answer, 422, "validation_failed", "primary_doctor_id")
    assert len(query(app, "SELECT id FROM patients")) == 1
    assert admin.get(path(made)).json["data"] == made


def test_one_who_stopped_stays_where_it_was_named(admin):
    doctor = add(admin)
    made = register(admin, primary_doctor_id=doctor["id"])
    admin.delete(f"/doctors/{doctor['id']}")
    shown = admin.get(path(made)).json["data"]
    assert shown["primary_doctor_id"] == doctor["id"]
    assert admin.put(path(made), json={**shown, "occupation": "Baker"}).status_code == 200


def test_patients_and_walk_ins_name_nobody(app, admin):
    doctor = add(admin)
    somebody = signed_in(app, "patient")
    refused(
        somebody.post("/patients/me", json=facts(primary_doctor_id=doctor["id"])),
        422,
        "read_only",
        "primary_doctor_id",
    )
    own = make_patient(app, user_id=somebody.user.id)
    refused(
        somebody.patch(path(own), json={"primary_doctor_id": doctor["id"]}),
        403,
        "field_not_allowed",
        "primary_doctor_id",
    )
    pharmacist = signed_in(app, "pharmacist")
    refused(
        pharmacist.post("/patients", json=facts(primary_doctor_id=doctor["id"])),
        403,
        "field_not_allowed",
        "primary_doctor_id",
    )
