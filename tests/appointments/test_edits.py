"""Edits as people make them: what they leave as it was says nothing, and history says what they did."""

import pytest

from server.modules.appointments.enums import Status
from tests.appointments.calls import booked, history, one, open_doctor, stored_id
from tests.factories.calendar import at, make_doctor, open_hours, set_columns, written
from tests.factories.people import make_patient, signed_in
from tests.patients.support import blamed, refused

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


def last(someone, appointment):
    """Return the last row of the history."""
    return someone.get(one(appointment, "history")).json["data"][-1]


def test_a_listed_slot_of_another_doctor_is_booked_as_listed(app):
    someone = signed_in(app, "patient")
    own, other = make_patient(app, user_id=someone.user.id), make_doctor(app)
    open_hours(app, other.id, slot_minutes=20)
    made = booked(someone, open_doctor(app), own)
    where, there = one(made, "reschedule"), {"starts_at": written(at(4, "10:20")), "doctor_id": str(other.id)}
    refused(someone.patch(where, json={**there, "duration_minutes": 30}), 409, "not_available")
    refused(someone.patch(where, json={**there, "starts_at": written(at(4, "10:10"))}), 409, "not_available")
    moved = someone.patch(where, json=there)
    assert moved.status_code == 200, moved.text
    assert (moved.json["data"]["duration_minutes"], moved.json["data"]["doctor_id"]) == (20, str(other.id))


def test_staff_keep_the_length_whatever_the_grid(app, desk):
    other = make_doctor(app)
    open_hours(app, other.id, slot_minutes=20)
    made = booked(desk, open_doctor(app), make_patient(app))
    there = {"starts_at": written(at(4, "10:20")), "doctor_id": str(other.id)}
    assert desk.patch(one(made, "reschedule"), json=there).json["data"]["duration_minutes"] == 30


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_an_end_that_stays_behind_is_not_meant(app, desk, verb):
    made = booked(desk, open_doctor(app), make_patient(app), duration_minutes=45)
    sent = made if verb == "put" else {"ends_at": made["ends_at"]}
    for starts_at in (at(4, "11:00"), at(4, "11:15")):
        answer = getattr(desk, verb)(one(made), json={**sent, "starts_at": written(starts_at)})
        assert answer.status_code == 200, answer.text
        moved = answer.json["data"]
        assert (moved["starts_at"], moved["duration_minutes"]) == (written(starts_at), 45)
        sent = moved if verb == "put" else {"ends_at": moved["ends_at"]}


def test_put_takes_the_end_or_the_length_that_was_edited(app, desk):
    made = booked(desk, open_doctor(app), make_patient(app))
    longer = desk.put(one(made), json={**made, "ends_at": written(at(3, "11:00"))})
    assert longer.status_code == 200, longer.text
    assert longer.json["data"]["duration_minutes"] == 60
    shorter = desk.put(one(made), json={**longer.json["data"], "duration_minutes": 15})
    assert (shorter.status_code, shorter.json["data"]["ends_at"]) == (200, written(at(3, "10:15")))
    both = {**shorter.json["data"], "duration_minutes": 20, "ends_at": written(at(3, "10:50"))}
    assert blamed(desk.put(one(made), json=both)) == {"duration_minutes", "ends_at"}
    sent = {"duration_minutes": 15, "ends_at": written(at(3, "10:50"))}
    assert blamed(desk.patch(one(made), json=sent)) == {"duration_minutes", "ends_at"}


def test_another_length_is_in_the_history(app, desk):
    made = booked(desk, open_doctor(app), make_patient(app))
    desk.patch(one(made), json={"duration_minutes": 60, "notes": "two knees"})
    assert sorted(last(desk, made)["changed"]) == ["duration_minutes", "notes"]
    desk.patch(one(made), json={"starts_at": written(at(4))})
    assert last(desk, made)["changed"] == []


def test_the_reason_for_passing_the_rules_is_in_the_history(app, desk):
    doctor = open_doctor(app)
    made = booked(desk, doctor, make_patient(app), at(3, "22:00"), override_reason="only then")
    assert last(desk, made)["reason"] == "only then"
    night = {"starts_at": written(at(4, "22:00")), "override_reason": "emergency"}
    for more, told in (({}, "emergency"), ({"reason": "asked for", "starts_at": written(at(5, "22:00"))}, "asked for")):
        assert desk.patch(one(made, "reschedule"), json={**night, **more}).status_code == 200
        assert last(desk, made)["reason"] == told
    assert last(desk, booked(desk, doctor, make_patient(app)))["reason"] is None


def test_what_cannot_be_says_so_in_words(app, desk):
    doctor = open_doctor(app)
    made = booked(desk, doctor, make_patient(app))
    night = desk.patch(one(made, "reschedule"), json={"starts_at": "2026-03-01T22:00:00Z", "reason": "x"})
    told = " ".join(reason["message"] for reason in night.json["reasons"])
    assert (night.json["message"], len(night.json["reasons"])) == (told, 2)
    early = desk.post(one(made, "complete"), json={})
    assert (early.json["code"], early.json["message"]) == ("too_early", "Not before 15 minutes before its start.")
    set_columns(app, stored_id(made["id"]), status="completed")
    for answer, message in (
        (desk.patch(one(made, "status"), json={"status": "scheduled"}), "become scheduled"),
        (desk.post(one(made, "no-show"), json={}), "become no show"),
        (desk.post(one(made, "cancel"), json={"reason": "x"}), "become cancelled"),
        (desk.patch(one(made, "reschedule"), json={"starts_at": written(at(4))}), "be moved"),
    ):
        refused(answer, 409, "invalid_transition")
        assert answer.json["message"] == f"An appointment that is completed cannot {message}."
    taken = desk.post("/appointments", json={
        "patient_id": str(make_patient(app).id), "doctor_id": str(doctor.id), "starts_at": written(at(3)),
    })  # fmt: skip
    assert taken.json["errors"]["starts_at"] == ["That time is no longer free."]


def test_cancelled_again_by_its_status_is_cancelled_still(app, desk):
    made = booked(desk, open_doctor(app), make_patient(app))
    answers = [
        desk.patch(one(made, "status"), json={"status": "cancelled", "reason": reason}) for reason in ("ill", "again")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json["data"] == answers[1].json["data"]
    assert answers[0].json["data"]["cancelled"]["reason"] == "ill"
    assert history(desk, made) == [(None, Status.SCHEDULED), (Status.SCHEDULED, Status.CANCELLED)]
