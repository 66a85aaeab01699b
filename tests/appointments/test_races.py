"""Rivals for one time, against the real server: one wins, the others are told, nothing breaks."""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from server.modules.appointments.queries import appointments as queries
from server.modules.appointments.service import judging
from tests.appointments.calls import booked, one, open_doctor, overlaps, taken, wish
from tests.factories.calendar import at, make_doctor, open_hours, take_leave, written
from tests.factories.database import query
from tests.factories.people import API, make_patient, signed_in
from tests.patients.test_races import at_once, send

RIVALS = 50


def outcomes(answers):
    """Count how rivals fared: by status, and by code where they were refused."""
    return Counter((status, None if status < 400 else body[0]["code"]) for status, body in answers)


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def crowd(live_server, desk):
    """Give a way to have many book at the same moment, from the real server with its workers and threads."""
    return lambda wishes: at_once(len(wishes), lambda n: send(live_server, desk, "POST", "/appointments", wishes[n]))


@pytest.fixture
def ask(app):
    """Give a way to ask as somebody from any thread, each with a client and a connection of its own."""

    def asked(someone, method, where, body):
        answer = app.test_client().open(f"{API}{where}", method=method, json=body, headers=someone.tokens.headers)
        return answer.status_code, (answer.json, answer.headers)

    return asked


@pytest.fixture
def rush(ask, desk):
    """Give a way to have a few book at the same moment."""
    return lambda wishes: at_once(len(wishes), lambda n: ask(desk, "POST", "/appointments", wishes[n]))


def test_of_fifty_who_want_one_slot_one_gets_it(app, crowd):
    doctor, start = open_doctor(app), at(3)
    patients = [make_patient(app) for _ in range(RIVALS)]
    answers = crowd([wish(doctor, patient, start) for patient in patients])
    assert outcomes(answers) == {(201, None): 1, (409, "slot_taken"): RIVALS - 1}
    assert len(taken(app)) == 1
    assert len(query(app, "SELECT id FROM appointments")) == 1
    assert len(query(app, "SELECT id FROM appointment_events")) == 1
    assert len(query(app, "SELECT id FROM care_relations")) == 1


def test_of_many_who_want_overlapping_times_no_two_overlap(app, crowd):
    doctor = open_doctor(app)
    starts = [at(3, "08:00") + timedelta(minutes=5 * step) for step in range(40)]
    patients = [make_patient(app) for _ in range(8)]
    answers = crowd([wish(doctor, patients[n % 8], start, duration_minutes=30) for n, start in enumerate(starts)])
    assert {status for status, _ in answers} == {201, 409}
    assert {code for _, code in outcomes(answers)} <= {None, "slot_taken", "patient_busy"}
    stood = [status for status, _ in answers].count(201)
    # Whatever came first, no gap of a visit's length may be left: each winner spoils at most eleven starts.
    assert stood >= 4
    assert len(taken(app)) == stood
    assert overlaps(app) == 0


def test_three_seats_take_three(app, crowd):
    doctor = open_doctor(app, capacity=3)
    answers = crowd([wish(doctor, make_patient(app), at(3)) for _ in range(20)])
    assert outcomes(answers) == {(201, None): 3, (409, "slot_taken"): 17}
    assert sorted(row["seat"] for row in taken(app)) == [0, 1, 2]


def test_a_patient_is_in_one_place_at_a_time(app, rush):
    doctors, patient = [open_doctor(app) for _ in range(8)], make_patient(app)
    answers = rush([wish(doctor, patient, at(3)) for doctor in doctors])
    assert outcomes(answers) == {(201, None): 1, (409, "patient_busy"): 7}


def test_neighbours_do_not_stand_in_each_others_way(app, rush):
    doctor = open_doctor(app)
    starts = [at(3, "08:00") + timedelta(minutes=30 * step) for step in range(8)]
    answers = rush([wish(doctor, make_patient(app), start) for start in starts])
    assert outcomes(answers) == {(201, None): 8}


def test_two_who_change_places_are_refused_and_both_stand(app, ask, desk):
    doctor = open_doctor(app)
    first, second = (booked(desk, doctor, make_patient(app), at(3, wall)) for wall in ("10:00", "10:30"))
    for _ in range(4):
        wishes = [(first, second["starts_at"]), (second, first["starts_at"])]
        answers = at_once(
            2,
            lambda n, wishes=wishes: ask(desk, "PATCH", one(wishes[n][0], "reschedule"), {"starts_at": wishes[n][1]}),
        )
        assert outcomes(answers) == {(409, "slot_taken"): 2}
    assert sorted(row["id"] for row in desk.get("/appointments").json["data"]) == sorted([first["id"], second["id"]])
    assert len(taken(app)) == 2


def test_one_patient_who_changes_places_with_themselves_breaks_nothing(app, ask, desk):
    doctors, patient = [open_doctor(app), open_doctor(app)], make_patient(app)
    visits = [booked(desk, doctors[n], patient, at(3, wall)) for n, wall in enumerate(("10:00", "10:30"))]
    for _ in range(3):
        starts = [visit["starts_at"] for visit in visits]
        answers = at_once(
            2,
            lambda n, starts=starts: ask(desk, "PATCH", one(visits[n], "reschedule"), {"starts_at": starts[1 - n]}),
        )
        assert outcomes(answers) == {(409, "patient_busy"): 2}
    assert overlaps(app) == 0


def test_of_two_moves_of_one_version_one_is_stale(app, ask, desk):
    doctor = open_doctor(app)
    visit = booked(desk, doctor, make_patient(app), at(3, "08:00"))
    for version, walls in ((1, ("09:00", "10:00")), (2, ("11:00", "12:00"))):
        answers = at_once(
            2,
            lambda n, walls=walls, version=version: ask(
                desk,
                "POST",
                one(visit, "reschedule"),
                {"starts_at": written(at(3, walls[n])), "version": version},
            ),
        )
        assert outcomes(answers) == {(200, None): 1, (412, "stale_version"): 1}
    assert len(taken(app)) == 1


@pytest.mark.parametrize("second", range(3))
def test_who_waited_behind_another_move_does_not_undo_it(app, ask, desk, monkeypatch, second):
    doctor, other = open_doctor(app), open_doctor(app)
    read, both_have_read = queries.version_of, threading.Barrier(2)

    def version_of(connection, appointment_id):
        version = read(connection, appointment_id)
        both_have_read.wait(timeout=10)
        return version

    for day in range(3, 8):
        visit = booked(desk, doctor, make_patient(app), at(day, "08:00"))
        walls = [written(at(day, wall)) for wall in ("09:00", "10:00")]
        wishes = [
            ("POST", ("reschedule",), {"starts_at": walls[0]}),
            (
                ("PATCH", ("reschedule",), {"starts_at": walls[1]}),
                ("PATCH", (), {"doctor_id": str(other.id)}),
                ("PATCH", (), {"duration_minutes": 60}),
            )[second],
        ]
        with monkeypatch.context() as patched:
            patched.setattr(queries, "version_of", version_of)
            answers = at_once(
                2,
                lambda n, visit=visit, wishes=wishes: ask(desk, wishes[n][0], one(visit, *wishes[n][1]), wishes[n][2]),
            )
        assert outcomes(answers) == {(200, None): 1, (412, "stale_version"): 1}
        (moved,) = [body["data"] for status, (body, _) in answers if status == 200]
        stands = desk.get(one(visit)).json["data"]
        told = ("starts_at", "ends_at", "doctor_id", "version")
        assert [stands[name] for name in told] == [moved[name] for name in told]
    assert overlaps(app) == 0


def test_of_two_moves_at_once_one_goes_through(app, live_server, desk):
    doctor, rounds = open_doctor(app), Counter()
    visit = booked(desk, doctor, make_patient(app), at(3, "08:00"))
    for day in range(4, 24):
        wishes = [{"starts_at": written(at(day, wall))} for wall in ("09:00", "10:00")]
        answers = at_once(
            2, lambda n, wishes=wishes: send(live_server, desk, "PATCH", one(visit, "reschedule"), wishes[n])
        )
        rounds[tuple(sorted(status for status, _ in answers))] += 1
        went = [wish["starts_at"] for wish, (status, _) in zip(wishes, answers, strict=True) if status == 200]
        assert desk.get(one(visit)).json["data"]["starts_at"] in went
    # A busy server may have answered the one before it looks at the other: then they were not at once.
    assert rounds.keys() <= {(200, 412), (200, 200)}
    assert rounds[200, 412] >= 10
    assert len(taken(app)) == 1


def test_a_move_and_a_booking_want_one_time(app, ask, desk):
    doctor, start = open_doctor(app), at(3, "10:00")
    visit, other = booked(desk, doctor, make_patient(app), at(3, "09:00")), make_patient(app)
    asked = [
        ("POST", one(visit, "reschedule"), {"starts_at": written(start)}),
        ("POST", "/appointments", wish(doctor, other, start)),
    ]
    answers = at_once(2, lambda n: ask(desk, *asked[n]))
    assert sorted(status for status, _ in answers) in ([200, 409], [201, 409])
    assert overlaps(app) == 0
    # The old booking stands where it was, unless it went.
    assert len(taken(app)) == sum(status < 400 for status, _ in answers) + (answers[0][0] != 200)


def test_of_two_with_one_hold_one_books(app, ask, desk):
    doctor, start = open_doctor(app), at(3)
    held = desk.post("/appointments/holds", json={"doctor_id": str(doctor.id), "starts_at": written(start)})
    wishes = [wish(doctor, make_patient(app), start, hold_id=held.json["data"]["id"]) for _ in range(4)]
    answers = at_once(4, lambda n: ask(desk, "POST", "/appointments", wishes[n]))
    assert outcomes(answers) == {(201, None): 1, (404, "not_found"): 3}


def test_of_those_who_move_with_one_hold_one_does(app, ask, desk):
    doctor, start = open_doctor(app), at(4)
    visits = [booked(desk, doctor, make_patient(app), at(3, f"1{n}:00")) for n in range(4)]
    held = desk.post("/appointments/holds", json={"doctor_id": str(doctor.id), "starts_at": written(start)})
    there = {"starts_at": written(start), "hold_id": held.json["data"]["id"]}
    answers = at_once(4, lambda n: ask(desk, "POST", one(visits[n], "reschedule"), there))
    assert outcomes(answers) == {(200, None): 1, (404, "not_found"): 3}
    assert (len(taken(app)), overlaps(app)) == (4, 0)
    # Who lost stands where they were.
    stands = {desk.get(one(visit)).json["data"]["starts_at"] for visit in visits}
    assert len(stands & {visit["starts_at"] for visit in visits}) == 3


def test_no_hold_slips_in_beside_a_farewell(app, ask, desk):
    admin, doctor, other = signed_in(app, "admin"), open_doctor(app), make_patient(app)
    for number in range(5):
        patient = make_patient(app)
        bodies = [
            {"doctor_id": str(doctor.id), "starts_at": written(at(3 + number, wall)), "patient_id": str(patient.id)}
            for wall in ("10:00", "11:00", "12:00")
        ]
        calls = [(desk, "POST", "/appointments/holds", body) for body in bodies]
        calls.insert(number % 4, (admin, "PATCH", f"/patients/{patient.id}", {"status": "deceased"}))
        answers = at_once(4, lambda n, calls=calls: ask(*calls[n]))
        assert set(outcomes(answers)) <= {(200, None), (201, None), (409, "patient_deceased")}
        assert answers[number % 4][0] == 200
        for wall in ("10:00", "11:00", "12:00"):
            booked(desk, doctor, other, at(3 + number, wall))


def test_of_many_who_hold_one_time_one_does(app, ask):
    doctor, people = open_doctor(app), [signed_in(app, "receptionist") for _ in range(4)]
    body = {"doctor_id": str(doctor.id), "starts_at": written(at(3))}
    answers = at_once(8, lambda n: ask(people[n % 4], "POST", "/appointments/holds", body))
    assert outcomes(answers) == {(201, None): 1, (409, "slot_taken"): 7}


def test_a_patient_does_not_get_around_the_limit_of_holds(app, ask):
    patient = signed_in(app, "patient")
    make_patient(app, user_id=patient.user.id)
    doctor = open_doctor(app)
    bodies = [
        {"doctor_id": str(doctor.id), "starts_at": written(at(3, "08:00") + timedelta(minutes=30 * n))}
        for n in range(8)
    ]
    answers = at_once(8, lambda n: ask(patient, "POST", "/appointments/holds", bodies[n]))
    assert outcomes(answers) == {(201, None): 5, (409, "too_many_holds"): 3}


def test_rivals_for_a_hold_that_lapsed_find_it_gone(app, rush, desk):
    doctor, start = open_doctor(app), at(3)
    held = desk.post("/appointments/holds", json={"doctor_id": str(doctor.id), "starts_at": written(start)})
    assert desk.delete(f"/appointments/holds/{held.json['data']['id']}").status_code == 204
    answers = rush([wish(doctor, make_patient(app), start) for _ in range(8)])
    assert outcomes(answers) == {(201, None): 1, (409, "slot_taken"): 7}


def test_each_who_arrives_gets_a_number_of_their_own(app, clock, ask, desk):
    doctor = open_doctor(app, start="00:00", end="00:00")
    visits = [booked(desk, doctor, make_patient(app), at(3) + timedelta(minutes=30 * n)) for n in range(8)]
    clock.move_to(at(3))
    desk = signed_in(app, user=desk.user)
    answers = at_once(8, lambda n: ask(desk, "POST", one(visits[n], "check-in"), {}))
    assert sorted(body["data"]["queue_number"] for _, (body, _) in answers) == list(range(1, 9))


def test_one_who_arrives_twice_at_once_arrives_once(app, clock, ask, desk):
    visit = booked(desk, open_doctor(app), make_patient(app))
    clock.move_to(at(3))
    desk = signed_in(app, user=desk.user)
    answers = at_once(4, lambda _: ask(desk, "POST", one(visit, "check-in"), {}))
    assert outcomes(answers) == {(200, None): 1, (409, "invalid_transition"): 3}


def test_no_booking_slips_in_beside_new_leave(app, ask, desk):
    doctor, day = open_doctor(app), 3
    wishes = [wish(doctor, make_patient(app), at(day, "08:00") + timedelta(minutes=30 * n)) for n in range(8)]

    def act(n):
        if n == 8:
            return take_leave(app, doctor.id, at(day, "00:00"), at(day + 1, "00:00"))
        return ask(desk, "POST", "/appointments", wishes[n])

    *answers, _ = at_once(9, act)
    assert {status for status, _ in answers} <= {201, 409}
    # What was booked was booked before the leave was committed: afterwards nothing goes in.
    late = desk.post("/appointments", json=wish(doctor, make_patient(app), at(day, "15:00")))
    assert [reason["code"] for reason in late.json["reasons"]] == ["time_off"]


def test_a_cancelled_time_is_had_by_one(app, ask, desk):
    doctor, start = open_doctor(app), at(3)
    visit = booked(desk, doctor, make_patient(app), start)
    wishes = [wish(doctor, make_patient(app), start) for _ in range(8)]

    def act(n):
        if n == 8:
            return ask(desk, "POST", one(visit, "cancel"), {"reason": "ill"})
        return ask(desk, "POST", "/appointments", wishes[n])

    *answers, (cancelled, _) = at_once(9, act)
    assert cancelled == 200
    assert {status for status, _ in answers} <= {201, 409}
    assert [status for status, _ in answers].count(201) == len(taken(app)) <= 1


# On SQLite nobody else writes meanwhile.
@pytest.mark.only("postgres")
def test_hours_that_close_meanwhile_are_seen(app, desk, monkeypatch):
    doctor = make_doctor(app)
    open_hours(app, doctor.id)
    known, changed = judging.known_doctor, []

    def slow(doctor_id, starts_at):
        facts = known(doctor_id, starts_at)
        if not changed:
            changed.append(True)
            query(app, "UPDATE doctors SET calendar_version = calendar_version + 1, status = 'inactive'")
        return facts

    monkeypatch.setattr(judging, "known_doctor", slow)
    answer = desk.post("/appointments", json=wish(doctor, make_patient(app), at(3)))
    assert answer.status_code == 409, answer.text
    assert [reason["code"] for reason in answer.json["reasons"]] == ["doctor_inactive"]
    assert taken(app) == []


@pytest.mark.only("postgres")
def test_a_death_meanwhile_is_seen(app, desk, monkeypatch):
    doctor, patient = open_doctor(app), make_patient(app)
    opened, changed = judging.require_open, []

    def judged(*args, **kwargs):
        if not changed:
            changed.append(True)
            query(app, "UPDATE patients SET status = 'deceased'")
        return opened(*args, **kwargs)

    monkeypatch.setattr(judging, "require_open", judged)
    answer = desk.post("/appointments", json=wish(doctor, patient, at(3)))
    assert (answer.status_code, answer.json["code"]) == (409, "patient_deceased")
    assert taken(app) == []
