"""What a merge of two patients does to their time, and what becomes of it when they are parted again."""

import pytest

from tests.appointments.calls import booked, one, open_doctor, stored_id, wish
from tests.factories.calendar import at, open_hours, signed_in_doctor, written
from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.patients.support import refused

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def admin(app):
    return signed_in(app, "admin")


def merge(admin, survivor, duplicate):
    answer = admin.post(f"/patients/{survivor.id}/merge", json={"duplicate_id": str(duplicate.id)})
    assert answer.status_code in (200, 201), answer.text


def test_what_was_moved_goes_home_with_its_patient(app, admin):
    doctor, other = signed_in_doctor(app)[1], open_doctor(app)
    open_hours(app, doctor.id)
    survivor, duplicate = make_patient(app), make_patient(app)
    made = booked(admin, doctor, duplicate)
    merge(admin, survivor, duplicate)
    assert admin.post(one(made, "reschedule"), json={"starts_at": written(at(4))}).status_code == 200
    assert admin.post(f"/patients/{survivor.id}/unmerge", json={}).status_code == 200
    (interval,) = query(app, "SELECT patient_id FROM taken_intervals")
    assert stored_id(interval["patient_id"]) == duplicate.id
    relations = query(app, "SELECT patient_id FROM care_relations")
    assert {stored_id(row["patient_id"]) for row in relations} == {duplicate.id}
    refused(admin.post("/appointments", json=wish(other, duplicate, at(4))), 409, "patient_busy")
    booked(admin, other, survivor, at(4))


@pytest.mark.parametrize("way", ["cancel", "reschedule"])
def test_what_overlapped_has_its_patient_again_once_it_fits(app, admin, way):
    first, second, third = open_doctor(app), open_doctor(app), open_doctor(app)
    survivor, duplicate = make_patient(app), make_patient(app)
    kept = booked(admin, first, survivor)
    booked(admin, second, duplicate)
    merge(admin, survivor, duplicate)
    body = {"cancel": {"reason": "x"}, "reschedule": {"starts_at": written(at(5))}}[way]
    assert admin.post(one(kept, way), json=body).status_code == 200
    refused(admin.post("/appointments", json=wish(third, survivor, at(3))), 409, "patient_busy")
