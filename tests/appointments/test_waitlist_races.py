"""Rivals around the waiting list, against the real server: each time goes to one, each offer is answered once."""

import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.modules.appointments.service import offers
from tests.appointments.calls import booked, open_doctor, overlaps, wish
from tests.appointments.test_races import outcomes
from tests.appointments.test_waitlist import person
from tests.factories.calendar import at, written
from tests.factories.database import query
from tests.factories.people import API, make_patient, signed_in
from tests.patients.test_races import at_once, send


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


def wait(client, doctor, **fields):
    days = {"from": at(0).date().isoformat(), "to": at(30).date().isoformat()}
    answer = client.post("/waitlist", json={"doctor_id": str(doctor.id), **days, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]["id"]


def offered(app, desk):
    """Have somebody wait and be offered; return who, their entry, and the doctor."""
    doctor = open_doctor(app)
    made = booked(desk, doctor, make_patient(app))
    client, _ = person(app)
    entry = wait(client, doctor)
    call_off(desk, made)
    return client, entry, doctor


def call_off(desk, made):
    answer = desk.post(f"/appointments/{made['id']}/cancel", json={"reason": "Cannot come"})
    assert answer.status_code == 200, answer.text


def status_of(server, someone, method, path):
    """Send one request over a socket and return its status; a 204 has no body to read."""
    request = urllib.request.Request(  # noqa: S310 -- our own server
        f"{server.base_url}{API}{path}", method=method, headers=someone.tokens.headers
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- our own server
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def statuses(app):
    return sorted(row["status"] for row in query(app, "SELECT status FROM waitlist_entries"))


def test_of_many_who_accept_at_once_one_does(app, live_server, desk):
    client, entry, _ = offered(app, desk)
    path = f"/waitlist/{entry}/accept"
    answers = at_once(10, lambda n: send(live_server, desk if n % 2 else client, "POST", path, {}))
    assert outcomes(answers) == {(200, None): 1, (409, "not_offered"): 9}
    assert statuses(app) == ["booked"]
    assert len(query(app, "SELECT id FROM appointments WHERE status = 'scheduled'")) == 1
    assert len(query(app, "SELECT id FROM taken_intervals")) == 1


def test_an_offer_that_is_booked_in_every_way_at_once_is_booked_once(app, live_server, desk):
    client, entry, doctor = offered(app, desk)
    hold_id = client.get(f"/waitlist/{entry}").json["data"]["offer"]["hold_id"]
    plain = {"doctor_id": str(doctor.id), "starts_at": written(at(3))}
    ways = [
        (f"/waitlist/{entry}/accept", {}),
        ("/appointments", plain),
        ("/appointments", {**plain, "hold_id": hold_id}),
    ]
    answers = at_once(12, lambda n: send(live_server, client, "POST", *ways[n % 3]))
    won = [status for status, _ in answers if status < 400]
    assert len(won) == 1, outcomes(answers)
    assert {status for status, _ in answers} <= {200, 201, 404, 409}, outcomes(answers)
    (found,) = query(app, "SELECT status, appointment_id FROM waitlist_entries")
    (made,) = query(app, "SELECT id FROM appointments WHERE status = 'scheduled'")
    assert (found["status"], found["appointment_id"]) == ("booked", made["id"])
    assert len(query(app, "SELECT id FROM taken_intervals")) == 1


def test_a_doctor_leaves_while_their_offer_is_accepted(app, live_server, desk):
    admin = signed_in(app, "admin")
    for _ in range(3):
        client, entry, doctor = offered(app, desk)

        def act(number, client=client, entry=entry, doctor=doctor):
            if number:
                return status_of(live_server, admin, "DELETE", f"/doctors/{doctor.id}")
            return status_of(live_server, client, "POST", f"/waitlist/{entry}/accept")

        answers = at_once(2, act)
        shown = desk.get(f"/waitlist/{entry}").json["data"]["status"]
        assert (*answers, shown) in {(200, 409, "booked"), (409, 204, "waiting")}


def test_yes_and_no_at_once_leave_one_of_them(app, live_server, desk):
    client, entry, _ = offered(app, desk)
    answers = at_once(
        10, lambda n: send(live_server, client, "POST", f"/waitlist/{entry}/{'accept' if n % 2 else 'decline'}", {})
    )
    (status,) = statuses(app)
    yes, no = [status for status, _ in answers[1::2]], [status for status, _ in answers[::2]]
    if status == "booked":
        assert (sorted(yes), no) == ([200, 409, 409, 409, 409], [409] * 5)
    else:
        assert (status, yes, no) == ("declined", [409] * 5, [200] * 5), "no, said again, is the same no"
    assert len(query(app, "SELECT id FROM taken_intervals")) == (status == "booked")


def test_freed_time_is_offered_or_booked_and_never_both(app, live_server, desk):
    doctor = open_doctor(app)
    made = booked(desk, doctor, make_patient(app))
    client, _ = person(app)
    wait(client, doctor)
    rivals = [wish(doctor, make_patient(app), at(3)) for _ in range(8)]

    def act(number):
        if number == 4:
            return send(live_server, desk, "POST", f"/appointments/{made['id']}/cancel", {"reason": "Cannot come"})
        return send(live_server, desk, "POST", "/appointments", rivals[number - (number > 4)])

    answers = at_once(9, act)
    assert answers.pop(4)[0] == 200
    # The offer is made in the transaction that gives the time back, so no rival comes between.
    assert outcomes(answers) == {(409, "slot_taken"): 8}
    assert statuses(app) == ["offered"]
    assert overlaps(app) == 0
    assert len(query(app, "SELECT id FROM taken_intervals")) == 1


def test_several_times_that_come_free_at_once_go_to_several(app, live_server, desk):
    doctor = open_doctor(app)
    made = [booked(desk, doctor, make_patient(app), at(3, f"{hour:02}:00")) for hour in range(8, 14)]
    for _ in made:
        wait(desk, doctor, patient_id=str(make_patient(app).id))
    paths = [f"/appointments/{one['id']}/cancel" for one in made]
    answers = at_once(len(made), lambda n: send(live_server, desk, "POST", paths[n], {"reason": "Cannot come"}))
    assert outcomes(answers) == {(200, None): len(made)}
    assert statuses(app) == ["offered"] * len(made)
    assert len(query(app, "SELECT DISTINCT offer_starts_at FROM waitlist_entries")) == len(made)
    assert overlaps(app) == 0


def test_an_offer_that_lapses_passes_on_once_wherever_the_job_runs(app, make_app, live_server, desk):
    client, entry, doctor = offered(app, desk)
    for _ in range(3):
        wait(desk, doctor, patient_id=str(make_patient(app).id))
    for table, column in (("waitlist_entries", "offer_expires_at"), ("taken_intervals", "expires_at")):
        query(app, f"UPDATE {table} SET {column} = '2020-01-01 00:00:00.000000' WHERE {column} IS NOT NULL")
    together = threading.Barrier(7)

    def act(place):
        together.wait()
        if place is None:
            return send(live_server, client, "POST", f"/waitlist/{entry}/accept", {})
        with place.app_context():
            return offers.go_on()

    with ThreadPoolExecutor(7) as pool:
        *ended, answer = pool.map(act, [app, make_app(), app, make_app(), app, app, None])
    assert answer[0] == 409
    assert answer[1][0]["code"] == "offer_lapsed"
    assert sum(ended) <= 1
    assert statuses(app) == ["expired", "offered", "waiting", "waiting"]
    assert len(query(app, "SELECT id FROM taken_intervals")) == 1


def test_one_who_joins_twice_at_once_waits_once(app, live_server, desk):
    doctor, patient = open_doctor(app), make_patient(app)
    days = {"from": at(0).date().isoformat(), "to": at(30).date().isoformat()}
    body = {"doctor_id": str(doctor.id), "patient_id": str(patient.id), **days}
    answers = at_once(8, lambda _n: send(live_server, desk, "POST", "/waitlist", body))
    assert outcomes(answers) == {(201, None): 1, (409, "already_waiting"): 7}


def test_who_is_stopped_while_they_accept_is_booked_nowhere(app, live_server, desk):
    admin = signed_in(app, "admin")
    for _ in range(4):
        _, entry, _ = offered(app, desk)
        patient_id = desk.get(f"/waitlist/{entry}").json["data"]["patient_id"]
        acts = [("POST", f"/waitlist/{entry}/accept"), ("DELETE", f"/patients/{patient_id}")]
        answers = at_once(2, lambda n, acts=acts: status_of(live_server, (desk, admin)[n], *acts[n]))
        assert answers[0] in {200, 409}
        assert answers[1] == 204
    assert query(app, "SELECT id FROM appointments WHERE status <> 'cancelled'") == []
    assert query(app, "SELECT id FROM taken_intervals WHERE kind = 'booking'") == []
