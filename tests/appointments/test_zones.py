"""Another zone of a doctor is another time of all their hours: it strands nobody without a word."""

import pytest

from tests.appointments.calls import one
from tests.factories.calendar import at, book, open_hours, signed_in_doctor, written
from tests.factories.people import make_patient, signed_in

pytestmark = pytest.mark.usefixtures("clock")  # Monday 2026-03-02 09:00 in Berlin, the clinic's zone

FAR, NEAR = "America/Los_Angeles", "Europe/London"


@pytest.fixture
def busy(app):
    """Give (client, doctor, booking at eleven in Berlin, hours from eight to eighteen)."""
    client, doctor = signed_in_doctor(app)
    open_hours(app, doctor.id)
    return client, doctor, book(app, doctor.id, make_patient(app).id, at(3, "10:00"))


def status_of(client, booking):
    return client.get(one(booking)).json["data"]["status"]


def stranded(answer):
    assert (answer.status_code, answer.json.get("code")) == (409, "has_bookings"), answer.text
    return [(booking["id"], booking["starts_at"]) for booking in answer.json["appointments"]]


@pytest.mark.parametrize("way", ["patch", "put", "own"])
def test_a_zone_that_strands_bookings_is_refused_unless_it_is_said_what_becomes_of_them(app, busy, way):
    own, doctor, booking = busy
    listed = [(str(booking.id), written(booking.starts_at))]
    if way == "own":
        verb, path, whole = own.patch, "/doctors/me/profile", {}
    else:
        verb, path = getattr(signed_in(app, "admin"), way), f"/doctors/{doctor.id}"
        whole = {"first_name": doctor.first_name, "last_name": doctor.last_name, "user_id": str(doctor.user_id)}
        whole = whole if way == "put" else {}
    assert stranded(verb(path, json={**whole, "timezone": FAR})) == listed
    assert stranded(verb(path, json={**whole, "timezone": FAR, "on_conflict": "refuse"})) == listed
    assert own.get("/doctors/me/profile").json["data"]["timezone"] is None
    assert verb(path, json={**whole, "timezone": NEAR}).status_code == 200  # ten o'clock there: within the hours
    kept = verb(path, json={**whole, "timezone": FAR, "on_conflict": "keep"})
    assert (kept.status_code, kept.json["data"]["timezone"]) == (200, FAR)
    assert status_of(own, booking) == "scheduled"


def test_a_zone_can_cancel_whom_it_strands(busy):
    client, _, booking = busy
    answer = client.patch("/doctors/me/profile", json={"timezone": FAR, "on_conflict": "cancel"})
    assert answer.status_code == 200, answer.text
    assert client.get(one(booking)).json["data"]["cancelled"]["reason"] == "provider_leave"


def test_the_clinics_own_zone_by_name_and_a_usual_length_strand_nobody(app, busy):
    client, doctor, _ = busy
    book(app, doctor.id, make_patient(app).id, at(4, "22:00"), override_reason="Comes from far away")
    for body in ({"timezone": "Europe/Berlin"}, {"timezone": None}, {"default_duration_minutes": 480}):
        assert client.patch("/doctors/me/profile", json=body).status_code == 200
    assert client.patch("/doctors/me/profile", json={"on_conflict": "nothing"}).status_code == 422
