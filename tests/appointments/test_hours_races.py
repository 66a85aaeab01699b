"""Rivals about a doctor's hours, against the real server: no windows overlap, no booking slips in beside leave."""

from collections import Counter

import pytest

from tests.appointments.calls import open_doctor, wish
from tests.factories.calendar import at, make_doctor, written
from tests.factories.database import query
from tests.factories.people import make_patient, signed_in
from tests.patients.test_races import at_once, send

ROUNDS = 50
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")


@pytest.fixture
def admin(app):
    return signed_in(app, "admin")


def codes(answers):
    return Counter((status, None if status < 400 else body[0]["code"]) for status, body in answers)


def test_of_windows_that_overlap_one_is_opened(app, live_server, admin):
    doctor = make_doctor(app)
    for number, weekday in enumerate(WEEK):
        bodies = [
            {"weekday": weekday, "start_time": f"{8 + n // 2:02}:{n % 2 * 30:02}", "end_time": "13:00"}
            for n in range(6)
        ]
        answers = at_once(
            6,
            lambda n, bodies=bodies: send(live_server, admin, "POST", f"/doctors/{doctor.id}/availability", bodies[n]),
        )
        assert codes(answers) == {(201, None): 1, (409, "overlapping_hours"): 5}
        stored = query(app, "SELECT weekday FROM availability_windows ORDER BY weekday")
        assert [row["weekday"] for row in stored] == list(range(number + 1))


def live_inside_leave(app):
    found = query(
        app,
        """
        SELECT a.id FROM appointments a JOIN time_off t ON t.doctor_id = a.doctor_id
        WHERE a.status <> 'cancelled' AND a.starts_at < t.ends_at AND t.starts_at < a.ends_at
        """,
    )
    return [row["id"] for row in found]


def test_no_booking_slips_in_beside_leave(app, live_server, admin):
    """Each round one books and one takes leave; whoever comes second is told of the first, or ends it."""
    doctor, patient = open_doctor(app), make_patient(app)
    seen = Counter()
    for number in range(ROUNDS):
        cancels = bool(number % 2)
        day = 3 + number
        leave = {"starts_at": written(at(day, "00:00")), "ends_at": written(at(day + 1, "00:00"))}
        wishes = [
            ("/appointments", wish(doctor, patient, at(day))),
            (f"/doctors/{doctor.id}/time-off", {**leave, "on_conflict": "cancel" if cancels else "refuse"}),
        ]
        order = wishes if number % 4 < 2 else wishes[::-1]
        answers = at_once(2, lambda n, order=order: send(live_server, admin, "POST", *order[n]))
        (booked, booking), (away, refusal) = answers if order is wishes else answers[::-1]
        seen[booked, away, cancels] += 1
        assert (booked, away) in ({(201, 201), (409, 201)} if cancels else {(201, 409), (409, 201)}), (booking, refusal)
        if away == 409:
            assert [one["id"] for one in refusal[0]["appointments"]] == [booking[0]["data"]["id"]]
        if booked == 409:
            assert [one["code"] for one in booking[0]["reasons"]] == ["time_off"]
        assert live_inside_leave(app) == []
    assert sum(seen.values()) == ROUNDS


def test_of_the_same_leave_sent_at_once_one_is_written(app, live_server, admin):
    doctor = make_doctor(app)
    for number in range(10):
        leave = {"starts_at": written(at(3 + number, "00:00")), "ends_at": written(at(4 + number, "00:00"))}
        path = f"/doctors/{doctor.id}/time-off"
        answers = at_once(4, lambda _, path=path, leave=leave: send(live_server, admin, "POST", path, leave))
        assert codes(answers) == {(201, None): 1, (409, "already_off"): 3}
    assert len(query(app, "SELECT id FROM time_off")) == 10


def test_leave_that_cancels_and_a_move_do_not_block_each_other(app, live_server, admin):
    """Both lock the doctor before the appointment; the move ends in a day without leave, or is refused."""
    doctor, patient = open_doctor(app), make_patient(app)
    for number in range(15):
        day = 3 + 2 * number
        made = admin.post("/appointments", json=wish(doctor, patient, at(day)))
        appointment = made.json["data"]["id"]
        leave = {"starts_at": written(at(day, "00:00")), "ends_at": written(at(day + 1, "00:00"))}
        wishes = [
            (
                f"/appointments/{appointment}/reschedule",
                {"starts_at": written(at(day + 1, "12:00")), "reason": "Asked"},
            ),
            (f"/doctors/{doctor.id}/time-off", {**leave, "on_conflict": "cancel"}),
        ]
        (moved, body), (away, _) = at_once(2, lambda n, wishes=wishes: send(live_server, admin, "POST", *wishes[n]))
        assert away == 201
        assert moved in (200, 409, 412), body  # 412: what waited for the cancellation is stale
        assert live_inside_leave(app) == []


def test_no_booking_slips_out_of_hours_that_close(app, live_server, admin):
    patient = make_patient(app)
    for number in range(15):
        doctor = make_doctor(app)
        start = at(3 + number)
        path = f"/doctors/{doctor.id}/availability"
        weekday = (*WEEK, "saturday", "sunday")[start.weekday()]
        window = admin.post(path, json={"weekday": weekday, "start_time": "08:00", "end_time": "18:00"})
        closing = f"{path}/{window.json['data']['id']}"
        calls = [("POST", "/appointments", wish(doctor, patient, start)), ("PATCH", closing, {"end_time": "09:00"})]
        (booked, booking), (closed, refusal) = at_once(2, lambda n, calls=calls: send(live_server, admin, *calls[n]))
        assert (booked, closed) in {(201, 409), (409, 200)}, (booking, refusal)
        if booked == 409:
            assert [one["code"] for one in booking[0]["reasons"]] == ["outside_hours"]
