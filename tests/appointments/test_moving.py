"""Moving an appointment and changing what is written of it."""

from datetime import timedelta

import pytest

from tests.appointments.calls import booked, history, one, open_doctor, reasons, stored_id, taken
from tests.factories.calendar import at, make_doctor, open_hours, set_columns, signed_in_doctor, written
from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.patients.support import blamed, refused


@pytest.fixture(autouse=True)
def _stand_still(clock):
    pass


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def oneself(app):
    someone = signed_in(app, "patient")
    return someone, make_patient(app, user_id=someone.user.id)


@pytest.mark.parametrize("verb", ["patch", "post"])
def test_an_appointment_moves_in_place(app, desk, verb):
    doctor, other, patient = open_doctor(app, location="A"), open_doctor(app, location="B"), make_patient(app)
    made = booked(desk, doctor, patient, duration_minutes=45)
    desk.patch(one(made, "status"), json={"status": "confirmed"})
    body = {"starts_at": written(at(4, "11:10")), "doctor_id": str(other.id), "reason": "asked for"}
    answer = getattr(desk, verb)(one(made, "reschedule"), json=body)
    assert answer.status_code == 200, answer.text
    moved = answer.json["data"]
    assert (moved["id"], moved["version"], moved["status"]) == (made["id"], 3, "confirmed")
    assert (moved["starts_at"], moved["duration_minutes"]) == (written(at(4, "11:10")), 45)
    assert (moved["doctor_id"], moved["location"]) == (str(other.id), "B")
    (row,) = taken(app)
    assert (stored_id(row["doctor_id"]), stored_id(row["appointment_id"])) == (other.id, stored_id(made["id"]))
    last = desk.get(one(made, "history")).json["data"][-1]
    expected = {
        "from_starts_at": made["starts_at"],
        "to_starts_at": moved["starts_at"],
        "from_doctor_id": str(doctor.id),
        "to_doctor_id": str(other.id),
        "from_status": "confirmed",
        "to_status": "confirmed",
        "reason": "asked for",
    }
    assert {name: last[name] for name in expected} == expected
    # The old time is free again.
    booked(desk, doctor, make_patient(app))


def test_a_move_that_cannot_be_leaves_all_as_it_was(app, desk):
    doctor, other, patient, second = open_doctor(app), open_doctor(app), make_patient(app), make_patient(app)
    made = booked(desk, doctor, patient)
    booked(desk, doctor, second, at(3, "11:00"))
    booked(desk, other, patient, at(3, "12:00"))
    before = (desk.get(one(made)).json, taken(app), history(desk, made))
    where = one(made, "reschedule")
    refused(desk.patch(where, json={"starts_at": written(at(3, "11:15"))}), 409, "slot_taken")
    refused(desk.patch(where, json={"starts_at": written(at(3, "12:15"))}), 409, "patient_busy")
    assert reasons(desk.patch(where, json={"starts_at": written(at(3, "22:00"))})) == ["outside_hours"]
    refused(desk.patch(where, json={"starts_at": written(at(4)), "version": 2}), 412, "stale_version")
    refused(desk.post(where, json={"starts_at": written(at(4))}, headers={"If-Match": '"9"'}), 412, "stale_version")
    for body, named in (
        ({}, "starts_at"),
        ({"starts_at": None}, "starts_at"),
        ({"starts_at": written(at(4)), "doctor_id": "01890000-0000-7000-8000-000000000000"}, "doctor_id"),
        ({"starts_at": written(at(4)), "ends_at": written(at(4))}, "ends_at"),
    ):
        answer = desk.patch(where, json=body)
        assert (answer.status_code, blamed(answer)) == (422, {named}), answer.text
    assert (desk.get(one(made)).json, taken(app), history(desk, made)) == before


def test_it_moves_onto_part_of_its_own_time(app, desk):
    doctor = open_doctor(app)
    made = booked(desk, doctor, make_patient(app))
    for starts_at, fields in ((at(3, "10:15"), {}), (at(3, "10:00"), {"duration_minutes": 60})):
        answer = desk.patch(one(made, "reschedule"), json={"starts_at": written(starts_at), **fields})
        assert answer.status_code == 200, answer.text
    assert len(taken(app)) == 1
    assert desk.get(one(made)).json["data"]["duration_minutes"] == 60


def test_the_same_time_again_changes_nothing(app, desk):
    made = booked(desk, open_doctor(app), make_patient(app))
    answer = desk.patch(one(made, "reschedule"), json={"starts_at": made["starts_at"]})
    assert answer.json["data"] == made
    assert history(desk, made) == [(None, "scheduled")]


@pytest.mark.parametrize("status", ["checked_in", "in_progress", "completed", "cancelled", "no_show"])
def test_what_has_begun_or_ended_does_not_move(app, desk, status):
    made = booked(desk, open_doctor(app), make_patient(app))
    set_columns(app, stored_id(made["id"]), status=status)
    answer = desk.patch(one(made, "reschedule"), json={"starts_at": written(at(4))})
    refused(answer, 409, "invalid_transition")


def test_patients_move_in_time_and_staff_later_with_a_reason(app, desk, oneself, clock):
    someone, own = oneself
    made = booked(someone, open_doctor(app), own, at(3))
    there = {"starts_at": written(at(3, "11:00"))}
    clock.shift(timedelta(days=2, hours=2))
    someone = signed_in(app, user=someone.user)
    answer = someone.patch(one(made, "reschedule"), json=there)
    assert answer.status_code == 200, answer.text  # to the minute 24 hours before
    clock.shift(timedelta(hours=1, seconds=1))
    someone, desk = signed_in(app, user=someone.user), signed_in(app, user=desk.user)
    refused(someone.patch(one(made, "reschedule"), json={"starts_at": written(at(9))}), 409, "notice_window")
    refused(someone.patch(one(made), json={"starts_at": written(at(9))}), 409, "notice_window")
    for where in (one(made, "reschedule"), one(made)):
        without = desk.patch(where, json={"starts_at": written(at(9))})
        assert (without.status_code, blamed(without)) == (422, {"reason"})
    assert desk.patch(one(made), json={"starts_at": written(at(8)), "reason": "ice"}).status_code == 200
    answer = desk.patch(one(made, "reschedule"), json={"starts_at": written(at(9)), "reason": "snow"})
    assert answer.status_code == 200, answer.text


def test_patients_move_to_listed_starts_of_any_doctor(app, oneself):
    someone, own = oneself
    made, other = booked(someone, open_doctor(app), own), open_doctor(app)
    there = {"starts_at": written(at(4, "10:10")), "doctor_id": str(other.id)}
    assert reasons(someone.patch(one(made, "reschedule"), json=there)) == ["off_grid"]
    there["starts_at"] = written(at(4))
    assert someone.patch(one(made, "reschedule"), json=there).json["data"]["doctor_id"] == str(other.id)


def test_a_move_may_pass_the_rules_with_a_reason(app, desk, oneself):
    someone, own = oneself
    made = booked(desk, open_doctor(app), own)
    night = {"starts_at": written(at(4, "22:00")), "override_reason": "emergency"}
    refused(someone.patch(one(made, "reschedule"), json=night), 403, "forbidden")
    assert desk.patch(one(made, "reschedule"), json=night).json["data"]["override_reason"] == "emergency"


def test_who_cannot_reach_it_does_not_find_it(app, desk):
    made = booked(desk, open_doctor(app), make_patient(app))
    stranger, (doctor, _) = signed_in(app, "patient"), signed_in_doctor(app)
    for someone in (stranger, doctor):
        for answer in (
            someone.patch(one(made, "reschedule"), json={"starts_at": written(at(4))}),
            someone.patch(one(made), json={"reason": "x"}),
            someone.delete(one(made) + "?reason=x"),
            someone.post(one(made, "cancel"), json={"reason": "x"}),
        ):
            refused(answer, 404, "not_found")
    refused(doctor.post(one(made, "check-in"), json={}), 404, "not_found")


def test_a_doctor_does_not_move_it_into_another_calendar(app):
    (me, own), other = signed_in_doctor(app), open_doctor(app)
    open_hours(app, own.id)
    made = booked(me, own, make_patient(app))
    there = {"starts_at": written(at(4)), "doctor_id": str(other.id)}
    refused(me.patch(one(made, "reschedule"), json=there), 404, "not_found")


# What is written of it


def test_words_change_without_a_move(app, desk):
    made = booked(desk, open_doctor(app), make_patient(app), reason="cough")
    words = {"reason": "Fieber", "notes": "call first", "type": "procedure", "location": "Room 2", "version": 1}
    answer = desk.patch(one(made), json=words)
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert {name: shown[name] for name in words if name != "version"} == {
        name: value for name, value in words.items() if name != "version"
    }
    assert shown["version"] == 2
    last = desk.get(one(made, "history")).json["data"][-1]
    assert sorted(last["changed"]) == ["location", "notes", "reason", "type"]
    assert "Fieber" not in str(last)
    assert len(desk.get("/appointments/search?q=fieber").json["data"]) == 1
    assert desk.get("/appointments/search?q=cough").json["data"] == []
    refused(desk.patch(one(made), json={"notes": "x", "version": 1}), 412, "stale_version")
    assert desk.patch(one(made), json={"notes": "call first"}).json["data"]["version"] == 2
    assert blamed(desk.patch(one(made), json={"override_reason": "because"})) == {"override_reason"}
    refused(desk.patch(one(made), json={"patient_id": str(make_patient(app).id)}), 422, "read_only", "patient_id")


def test_a_patch_with_another_time_is_a_move_counted_once(app, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    made = booked(desk, doctor, patient)
    answer = desk.patch(one(made), json={"starts_at": written(at(4)), "notes": "moved"})
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["starts_at"], shown["notes"], shown["version"]) == (written(at(4)), "moved", 2)
    event = desk.get(one(made, "history")).json["data"][-1]
    assert (event["changed"], event["from_starts_at"]) == (["notes"], made["starts_at"])
    booked(desk, doctor, make_patient(app), at(5))
    refused(desk.patch(one(made), json={"starts_at": written(at(5)), "notes": "lost"}), 409, "slot_taken")
    assert desk.get(one(made)).json["data"] == shown


def test_what_get_shows_put_takes(app, desk, oneself):
    someone, own = oneself
    made = booked(desk, open_doctor(app), own, reason="a", notes="for staff")
    answer = desk.put(one(made), json={**made, "reason": "b"})
    assert answer.status_code == 200, answer.text
    assert (answer.json["data"]["reason"], answer.json["data"]["notes"]) == ("b", "for staff")
    assert len(taken(app)) == 1
    seen = someone.get(one(made)).json["data"]
    answer = someone.put(one(made), json={**seen, "reason": "c"})
    assert answer.status_code == 200, answer.text
    assert desk.get(one(made)).json["data"]["notes"] == "for staff"
    bare = {"doctor_id": made["doctor_id"], "starts_at": written(at(4))}
    answer = desk.put(one(made), json=bare)
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["starts_at"], shown["reason"], shown["notes"]) == (written(at(4)), None, None)
    other = desk.put(one(made), json={**bare, "patient_id": str(make_patient(app).id)})
    assert (other.status_code, blamed(other)) == (422, {"patient_id"})


@pytest.mark.parametrize("name", ["notes", "location"])
@pytest.mark.parametrize("value", ["At home", None])
def test_patients_do_not_change_what_staff_write(desk, app, oneself, name, value):
    someone, own = oneself
    made = booked(desk, open_doctor(app), own, notes="Bring the scan", location="Room 2")
    refused(someone.patch(one(made), json={name: value}), 403, "field_not_allowed", name)
    later = {"doctor_id": made["doctor_id"], "starts_at": written(at(4))}
    if value:
        refused(someone.put(one(made), json={**later, name: value}), 403, "field_not_allowed", name)
    assert someone.put(one(made), json={**later, "reason": "knee"}).status_code == 200
    shown = desk.get(one(made)).json["data"]
    assert (shown["starts_at"], shown["reason"]) == (written(at(4)), "knee")
    assert (shown["notes"], shown["location"]) == ("Bring the scan", "Room 2")


def test_patients_write_the_reason_and_no_notes(app, oneself):
    someone, own = oneself
    made = booked(someone, open_doctor(app), own)
    assert someone.patch(one(made), json={"reason": "knee"}).json["data"]["reason"] == "knee"
    refused(someone.patch(one(made), json={"notes": "x"}), 403, "field_not_allowed", "notes")
    set_columns(app, stored_id(made["id"]), status="completed")
    refused(someone.patch(one(made), json={"reason": "hip"}), 409, "invalid_transition")


def test_nobody_is_moved_who_has_died(app, desk):
    patient = make_patient(app)
    made = booked(desk, open_doctor(app), patient)
    query(app, "UPDATE patients SET status = 'deceased'")
    refused(desk.patch(one(made, "reschedule"), json={"starts_at": written(at(4))}), 409, "patient_deceased")


def test_it_is_where_the_hours_say_unless_somebody_said_where(app, desk):
    doctor, other = make_doctor(app), open_doctor(app, location="C")
    open_hours(app, doctor.id, days=[at(3).weekday()], location="A")
    open_hours(app, doctor.id, days=[at(4).weekday()], location="B")
    usual, named = booked(desk, doctor, make_patient(app)), booked(desk, doctor, make_patient(app), at(3, "11:00"))
    assert desk.patch(one(named), json={"location": "Room 7"}).status_code == 200
    for made, wall, there in ((usual, "10:00", "B"), (named, "11:00", "Room 7")):
        moved = desk.post(one(made, "reschedule"), json={"starts_at": written(at(4, wall))})
        assert moved.json["data"]["location"] == there
    whole = {"doctor_id": str(other.id), "starts_at": written(at(4))}
    assert desk.put(one(usual), json=whole).json["data"]["location"] == "C"


def test_a_move_into_the_hours_needs_no_exception_any_more(app, desk):
    doctor, nurse = open_doctor(app), signed_in(app, "nurse")
    made = booked(desk, doctor, make_patient(app), at(3, "22:00"), override_reason="emergency")
    again = {"starts_at": written(at(3, "23:00")), "override_reason": "emergency"}
    assert nurse.patch(one(made), json=again).status_code == 409
    late = desk.patch(one(made), json=again)
    assert (late.status_code, late.json["data"]["override_reason"]) == (200, "emergency")
    assert desk.patch(one(made), json={"override_reason": "emergency"}).status_code == 200
    whole = {"doctor_id": str(doctor.id), "override_reason": "emergency"}
    assert nurse.put(one(made), json={**whole, "starts_at": written(at(4))}).json["data"]["override_reason"] is None
    assert desk.post(one(made, "reschedule"), json={"starts_at": written(at(5))}).status_code == 200
