"""Holds: a time that is nobody else's for some minutes."""

import pytest

from server.core.uow import command
from server.modules.appointments.service import holds
from tests.appointments.calls import booked, one, open_doctor, reasons, stored_id, taken, wish
from tests.factories.calendar import at, make_doctor, open_hours, signed_in_doctor, written
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


def hold(someone, doctor, starts_at=None, **fields):
    body = {"doctor_id": str(doctor.id), "starts_at": written(starts_at or at(3)), **fields}
    return someone.post("/appointments/holds", json=body)


def path(answer):
    return f"/appointments/holds/{answer.json['data']['id']}"


def test_a_hold_blocks_others_until_it_lapses(app, desk, clock):
    doctor, patient = open_doctor(app), make_patient(app)
    held = hold(desk, doctor)
    assert held.status_code == 201, held.text
    shown = held.json["data"]
    assert held.headers["Location"].endswith(path(held))
    assert (shown["doctor_id"], shown["starts_at"]) == (str(doctor.id), "2026-03-05T10:00:00Z")
    assert (shown["ends_at"], shown["expires_at"]) == ("2026-03-05T10:30:00Z", "2026-03-02T08:10:00Z")
    other = signed_in(app, "nurse")
    refused(other.post("/appointments", json=wish(doctor, patient, at(3))), 409, "slot_taken")
    refused(hold(other, doctor), 409, "slot_taken")
    booked(other, doctor, patient, at(3, "10:30"))
    clock.shift(599)
    refused(hold(other, doctor), 409, "slot_taken")
    clock.shift(1)
    booked(signed_in(app, user=other.user), doctor, make_patient(app))
    assert len(taken(app)) == 2


def test_its_holder_books_it(app, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    held = hold(desk, doctor, duration_minutes=45).json["data"]
    made = booked(desk, doctor, patient, hold_id=held["id"])
    assert (made["starts_at"], made["ends_at"]) == (held["starts_at"], held["ends_at"])
    assert [row["kind"] for row in taken(app)] == ["booking"]
    again = desk.post("/appointments", json=wish(doctor, make_patient(app), at(3), hold_id=held["id"]))
    refused(again, 404, "not_found")


def test_a_hold_is_for_what_was_held(app, desk):
    doctor, other, patient = open_doctor(app), open_doctor(app), make_patient(app)
    held = hold(desk, doctor, patient_id=str(patient.id)).json["data"]["id"]
    for body, named in (
        (wish(other, patient, at(3)), "doctor_id"),
        (wish(doctor, patient, at(4)), "starts_at"),
        (wish(doctor, patient, at(3), duration_minutes=60), "duration_minutes"),
        (wish(doctor, make_patient(app), at(3)), "patient_id"),
    ):
        answer = desk.post("/appointments", json={**body, "hold_id": held})
        assert answer.status_code == 422, answer.text
        assert blamed(answer) == {"hold_id", named}
    # None of that cost the hold.
    booked(desk, doctor, patient, hold_id=held)


def test_somebody_elses_hold_is_not_there(app, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    held = hold(desk, doctor)
    other = signed_in(app, "receptionist")
    answer = other.post("/appointments", json=wish(doctor, patient, at(3), hold_id=held.json["data"]["id"]))
    refused(answer, 404, "not_found")
    refused(other.delete(path(held)), 404, "not_found")
    refused(other.delete("/appointments/holds/01890000-0000-7000-8000-000000000000"), 404, "not_found")
    assert desk.delete(path(held)).status_code == 204


def test_a_released_hold_blocks_nobody(app, desk):
    doctor = open_doctor(app)
    held = hold(desk, doctor)
    assert desk.delete(path(held)).status_code == 204
    assert desk.delete(path(held)).status_code == 204
    lapsed = wish(doctor, make_patient(app), at(3), hold_id=held.json["data"]["id"])
    refused(desk.post("/appointments", json=lapsed), 409, "hold_lapsed")
    booked(signed_in(app, "nurse"), doctor, make_patient(app))


def test_what_was_held_in_time_is_booked_in_time(app, clock, oneself):
    (someone, _own), doctor = oneself, open_doctor(app)
    held = hold(someone, doctor, at(0, "09:00"))
    assert held.status_code == 201, held.text
    clock.shift(300)
    assert reasons(someone.post("/appointments", json=wish(doctor, None, at(0, "09:00")))) == ["too_soon"]
    booked(someone, doctor, None, at(0, "09:00"), hold_id=held.json["data"]["id"])


def test_a_hold_goes_by_the_rules_of_a_booking(app, desk, oneself):
    someone, _own = oneself
    doctor, gone, stranger = open_doctor(app), make_doctor(app, status="inactive"), make_patient(app)
    assert reasons(hold(someone, doctor, at(0, "08:30"))) == ["too_soon"]
    assert reasons(hold(someone, doctor, at(3, "10:10"))) == ["off_grid"]
    assert reasons(hold(desk, gone)) == ["doctor_inactive", "outside_hours"]
    refused(hold(someone, doctor, patient_id=str(stranger.id)), 404, "not_found")
    assert blamed(hold(desk, doctor, patient_id="01890000-0000-7000-8000-000000000000")) == {"patient_id"}


def test_a_patient_holds_five_times_at_once_and_staff_as_many_as_they_need(app, desk, clock, oneself):
    (someone, _own), doctor = oneself, open_doctor(app)
    held = [hold(someone, doctor, at(day)) for day in range(1, 6)]
    assert {answer.status_code for answer in held} == {201}
    refused(hold(someone, doctor, at(6)), 409, "too_many_holds")
    assert someone.delete(path(held[0])).status_code == 204
    assert hold(someone, doctor, at(6)).status_code == 201
    clock.shift(600)
    someone, desk = signed_in(app, user=someone.user), signed_in(app, user=desk.user)
    assert hold(someone, doctor, at(7)).status_code == 201
    assert {hold(desk, doctor, at(day, "11:00")).status_code for day in range(1, 8)} == {201}


def test_a_held_patient_is_busy_then(app, desk):
    first, second, patient = open_doctor(app), open_doctor(app), make_patient(app)
    assert hold(desk, first, patient_id=str(patient.id)).status_code == 201
    refused(hold(desk, second, patient_id=str(patient.id)), 409, "patient_busy")
    refused(desk.post("/appointments", json=wish(second, patient, at(3))), 409, "patient_busy")


def test_a_patient_holds_for_themselves(app, oneself):
    (someone, own), first, second = oneself, open_doctor(app), open_doctor(app)
    held = hold(someone, first)
    assert held.status_code == 201, held.text
    assert held.json["data"]["patient_id"] == str(own.id)
    refused(hold(someone, second, at(3)), 409, "patient_busy")
    refused(someone.post("/appointments", json=wish(second, None, at(3))), 409, "patient_busy")
    made = booked(someone, first, None, hold_id=held.json["data"]["id"])
    assert made["patient_id"] == str(own.id)
    refused(hold(someone, second, at(3)), 409, "patient_busy")


def test_who_has_no_chart_holds_as_they_book(app):
    someone, doctor = signed_in(app, "patient"), open_doctor(app)
    answers = [hold(someone, doctor), someone.post("/appointments", json=wish(doctor, None, at(3)))]
    assert [(answer.status_code, blamed(answer)) for answer in answers] == [(422, {"patient_id"})] * 2


def test_a_doctor_takes_no_time_of_a_colleague(app, desk):
    (me, own), other = signed_in_doctor(app), open_doctor(app)
    open_hours(app, own.id)
    for body in ({}, {"patient_id": str(make_patient(app).id)}):
        refused(hold(me, other, **body), 404, "not_found")
        refused(me.post("/appointments", json={**wish(other, None, at(3)), **body}), 404, "not_found")
    assert taken(app) == []
    assert hold(me, own).json["data"]["patient_id"] is None
    # As somebody's patient a doctor is a patient like others.
    chart = make_patient(app, user_id=me.user.id)
    assert hold(me, other, at(4)).json["data"]["patient_id"] == str(chart.id)


@pytest.mark.parametrize("how", ["deceased", "inactive", "merged"])
def test_what_is_held_for_who_is_stopped_is_free_at_once(app, oneself, how):
    (someone, own), doctor, admin = oneself, open_doctor(app), signed_in(app, "admin")
    assert hold(someone, doctor).status_code == 201
    assert hold(admin, doctor, at(4), patient_id=str(own.id)).status_code == 201
    other, kept = make_patient(app), make_patient(app)
    assert hold(admin, doctor, at(5), patient_id=str(other.id)).status_code == 201
    stopped = {
        "deceased": lambda: admin.patch(f"/patients/{own.id}", json={"status": "deceased"}),
        "inactive": lambda: admin.delete(f"/patients/{own.id}"),
        "merged": lambda: admin.post(f"/patients/{kept.id}/merge", json={"duplicate_id": str(own.id)}),
    }[how]()
    assert stopped.status_code in (200, 204), stopped.text
    desk = signed_in(app, "receptionist")
    booked(desk, doctor, other, at(3)), booked(desk, doctor, other, at(4))
    refused(desk.post("/appointments", json=wish(doctor, kept, at(5))), 409, "slot_taken")


def test_what_lapsed_in_a_merge_is_held_again_when_that_is_taken_back(app, oneself):
    (someone, own), kept, doctor, admin = oneself, make_patient(app), open_doctor(app), signed_in(app, "admin")
    booked(admin, open_doctor(app), kept, at(3))
    assert hold(someone, doctor).status_code == 201
    before = taken(app)
    body = {"duplicate_id": str(own.id)}
    assert admin.post(f"/patients/{kept.id}/merge", json=body).status_code == 200
    assert taken(app) != before
    assert admin.post(f"/patients/{kept.id}/unmerge").status_code == 200
    assert taken(app) == before


# Moving to what is held


@pytest.mark.parametrize("is_named", [True, False])
def test_an_appointment_moves_to_a_time_that_its_patient_holds(app, desk, oneself, is_named):
    (someone, own), doctor, other = oneself, open_doctor(app), open_doctor(app)
    made = booked(someone, doctor, own)
    held = hold(someone, other, at(4)).json["data"]
    there = {"starts_at": held["starts_at"], "doctor_id": str(other.id)}
    if is_named:
        there["hold_id"] = held["id"]
    answer = someone.patch(one(made, "reschedule"), json=there)
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["starts_at"], shown["ends_at"], shown["doctor_id"]) == (
        held["starts_at"], held["ends_at"], held["doctor_id"])  # fmt: skip
    assert [(row["kind"], stored_id(row["doctor_id"])) for row in taken(app)] == [("booking", other.id)]
    refused(desk.post("/appointments", json=wish(other, make_patient(app), at(4))), 409, "slot_taken")
    booked(desk, doctor, make_patient(app), at(3))


@pytest.mark.parametrize("verb", ["patch", "put"])
def test_who_holds_a_time_changes_an_appointment_to_it(app, desk, verb):
    doctor, patient = open_doctor(app), make_patient(app)
    made = booked(desk, doctor, patient)
    assert hold(desk, doctor, at(4)).status_code == 201
    there = {"starts_at": written(at(4)), "doctor_id": str(doctor.id)}
    refused(signed_in(app, "nurse").patch(one(made), json=there), 409, "slot_taken")
    assert getattr(desk, verb)(one(made), json=there).json["data"]["starts_at"] == written(at(4))
    assert [row["kind"] for row in taken(app)] == ["booking"]


def test_a_move_takes_the_length_of_its_hold_or_is_refused(app, desk, clock):
    doctor, patient = open_doctor(app), make_patient(app)
    made, held = booked(desk, doctor, patient), hold(desk, doctor, at(4), duration_minutes=60).json["data"]
    there = {"starts_at": held["starts_at"], "hold_id": held["id"]}
    for wrong, named in (
        ({"starts_at": written(at(5))}, "starts_at"),
        ({"doctor_id": str(open_doctor(app).id)}, "doctor_id"),
        ({"duration_minutes": 30}, "duration_minutes"),
    ):
        answer = desk.post(one(made, "reschedule"), json={**there, **wrong})
        assert (answer.status_code, blamed(answer)) == (422, {"hold_id", named})
    refused(signed_in(app, "nurse").post(one(made, "reschedule"), json=there), 404, "not_found")
    moved = desk.post(one(made, "reschedule"), json=there).json["data"]
    assert (moved["starts_at"], moved["duration_minutes"]) == (held["starts_at"], 60)
    refused(desk.post(one(made, "reschedule"), json=there | {"starts_at": written(at(5))}), 404, "not_found")
    late = hold(desk, doctor, at(6), duration_minutes=60)
    clock.shift(600)
    there = {"starts_at": written(at(6)), "hold_id": late.json["data"]["id"]}
    desk = signed_in(app, user=desk.user)
    refused(desk.post(one(made, "reschedule"), json=there), 409, "hold_lapsed")
    assert desk.get(one(made)).json["data"]["starts_at"] == written(at(4))


def test_what_was_held_in_time_is_moved_to_in_time(app, clock, oneself):
    (someone, own), doctor = oneself, open_doctor(app)
    made = booked(someone, doctor, own)
    held = hold(someone, doctor, at(0, "09:00"))
    clock.shift(300)
    there = {"starts_at": written(at(0, "09:00"))}
    assert reasons(someone.patch(one(made, "reschedule"), json=there)) == ["too_soon"]
    moved = someone.patch(one(made, "reschedule"), json={**there, "hold_id": held.json["data"]["id"]})
    assert moved.json["data"]["starts_at"] == there["starts_at"]


def test_an_offer_is_booked_by_whoever_books_for_its_patient(app, desk):
    someone = signed_in(app, "patient")
    own, doctor = make_patient(app, user_id=someone.user.id), open_doctor(app)
    with app.app_context(), command("tests.offer", "hold"):
        offer = str(holds.hold(actor=None, doctor_id=doctor.id, starts_at=at(3), patient_id=own.id, minutes=30).id)
    stranger = wish(doctor, make_patient(app), at(3), hold_id=offer)
    refused(desk.post("/appointments", json=stranger), 404, "not_found")
    booked(someone, doctor, None, hold_id=offer)


def test_lapsed_holds_are_dropped_after_a_while(app, desk, clock):
    doctor = open_doctor(app)
    hold(desk, doctor), hold(desk, doctor, at(4))
    booked(desk, doctor, make_patient(app), at(5))

    def drop():
        with app.app_context(), command("tests.drop", "hold"):
            return holds.drop_lapsed()

    clock.shift(3600)
    assert drop() == 0
    clock.shift(601)
    assert (drop(), drop()) == (2, 0)
    assert [row["kind"] for row in taken(app)] == ["booking"]
