"""The day's flow: every step that may be taken, and none of the others."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.appointments.enums import Status
from tests.appointments.calls import booked, history, one, open_doctor, stored_id, taken
from tests.factories.calendar import at, book, make_doctor, open_hours, set_columns, signed_in_doctor
from tests.factories.database import query
from tests.factories.people import make_patient, make_user, signed_in
from tests.patients.support import blamed, refused

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
# As the contract has it, written out.
ALLOWED = {
    *(("scheduled", to) for to in ("confirmed", "checked_in", "in_progress", "completed", "cancelled", "no_show")),
    *(("confirmed", to) for to in ("checked_in", "in_progress", "completed", "cancelled", "no_show")),
    *(("checked_in", to) for to in ("in_progress", "completed", "cancelled")),
    ("in_progress", "completed"),
    ("no_show", "scheduled"),
}
# What may be asked for twice: nothing changes then, as with the verb.
AGAIN = ("cancelled", "cancelled")


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def visit(app, clock):
    """Give an appointment at ten o'clock, and a client of the desk a quarter past."""
    made = book(app, open_doctor(app).id, make_patient(app).id, START)
    clock.move_to(START + timedelta(minutes=15))
    return made


def test_every_pair_of_states(app, visit):
    desk = signed_in(app, "receptionist")
    wrong = []
    for was, to in product(Status, Status):
        set_columns(app, visit.id, status=str(was), queue_number=None, queue_day=None)
        before = history(desk, visit)
        answer = desk.patch(one(visit, "status"), json={"status": str(to), "reason": "because"})
        steps = history(desk, visit)[len(before) :]
        if (was, to) in ALLOWED:
            fits = answer.status_code == 200 and answer.json["data"]["status"] == to and steps == [(was, to)]
            if to == "cancelled":
                _take_again(app, visit)
        elif (was, to) == AGAIN:
            fits = answer.status_code == 200 and answer.json["data"]["status"] == to and steps == []
        else:
            fits = answer.status_code == 409 and answer.json["code"] == "invalid_transition" and steps == []
        if not fits:
            wrong.append((str(was), str(to), answer.status_code, steps))
    assert not wrong


def _take_again(app, visit):
    query(
        app,
        "INSERT INTO taken_intervals (id, doctor_id, seat, busy_from, busy_to, patient_id, starts_at, ends_at, kind,"
        " appointment_id, created_at) SELECT id, doctor_id, 0, starts_at, ends_at, patient_id, starts_at, ends_at,"
        " 'booking', id, created_at FROM appointments",
    )


@pytest.mark.parametrize(
    ("verb", "to", "stamp"),
    [
        ("check-in", "checked_in", "checked_in_at"),
        ("start", "in_progress", "begun_at"),
        ("complete", "completed", "completed_at"),
        ("no-show", "no_show", None),
    ],
)
def test_verbs_and_status_do_the_same(app, clock, verb, to, stamp):
    doctor, patient = open_doctor(app), make_patient(app)
    first, second = book(app, doctor.id, patient.id, START), book(app, doctor.id, patient.id, START.replace(hour=9))
    clock.move_to(START + timedelta(minutes=15))
    desk = signed_in(app, "receptionist")
    answers = [
        desk.post(one(first, verb), json={"reason": "so"}),
        desk.patch(one(second, "status"), json={"status": to, "reason": "so"}),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json["data"]["status"] == to
        assert stamp is None or answer.json["data"][stamp] == "2026-03-02T10:15:00Z"
    assert history(desk, first) == history(desk, second) == [(None, "scheduled"), ("scheduled", to)]
    assert len(taken(app)) == 2


def test_who_is_not_there_is_missed_after_a_quarter_of_an_hour(app, visit, clock):
    clock.move_to(START + timedelta(minutes=14, seconds=59))
    desk = signed_in(app, "receptionist")
    refused(desk.post(one(visit, "no-show")), 409, "too_early")
    clock.shift(1)
    assert desk.post(one(visit, "no-show")).json["data"]["status"] == "no_show"
    # The time stays taken: it is over.
    assert len(taken(app)) == 1


def test_it_is_completed_a_quarter_of_an_hour_early_at_most(app, visit, clock):
    clock.move_to(START - timedelta(minutes=15, seconds=1))
    desk = signed_in(app, "receptionist")
    refused(desk.post(one(visit, "complete")), 409, "too_early")
    clock.shift(1)
    assert desk.post(one(visit, "complete")).json["data"]["status"] == "completed"


def test_a_missed_appointment_is_put_back_on_its_day_with_a_reason(app, visit, clock):
    desk = signed_in(app, "receptionist")
    assert desk.post(one(visit, "no-show")).status_code == 200
    answer = desk.patch(one(visit, "status"), json={"status": "scheduled"})
    assert (answer.status_code, blamed(answer)) == (422, {"reason"})
    # Midnight of the clinic is at 23:00 in UTC.
    clock.move_to(datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    desk = signed_in(app, user=desk.user)
    back = {"status": "scheduled", "reason": "was in the other queue"}
    refused(desk.patch(one(visit, "status"), json=back), 409, "invalid_transition")
    clock.move_to(datetime(2026, 3, 2, 22, 59, tzinfo=UTC))
    desk = signed_in(app, user=desk.user)
    assert desk.patch(one(visit, "status"), json=back).json["data"]["status"] == "scheduled"


@pytest.mark.parametrize(
    ("table", "status", "code"),
    [
        ("patients", "deceased", "patient_deceased"),
        ("patients", "inactive", "patient_inactive"),
        ("doctors", "inactive", "not_available"),
    ],
)
def test_a_missed_appointment_is_put_back_for_those_who_are_still_here(app, visit, table, status, code):
    desk = signed_in(app, "receptionist")
    assert desk.post(one(visit, "no-show")).status_code == 200
    gone = {"patients": visit.patient_id, "doctors": visit.doctor_id}[table]
    with app.app_context(), command("tests.leave", table):
        found = db.metadata.tables[table]
        db.session.execute(found.update().where(found.c.id == gone).values(status=status))
    refused(desk.patch(one(visit, "status"), json={"status": "scheduled", "reason": "was here"}), 409, code)
    assert desk.get(one(visit)).json["data"]["status"] == "no_show"


@pytest.mark.parametrize("verb", ["check-in", "start"])
def test_nobody_is_seen_before_the_day_or_long_after_it(app, clock, verb):
    doctor = make_doctor(app, timezone="America/New_York")
    open_hours(app, doctor.id)
    # Three o'clock in the afternoon in New York, where the day begins at 05:00 and the next one ends at 05:00 in UTC.
    start = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
    made, times = book(app, doctor.id, make_patient(app).id, start), ((4, 4, 59), (6, 5, 0), (4, 5, 0), (6, 4, 59))
    for (day, hour, minute), code in zip(times, ("too_early", "invalid_transition", None, None), strict=True):
        set_columns(app, made.id, status="scheduled")
        clock.move_to(datetime(2026, 3, day, hour, minute, tzinfo=UTC))
        answer = signed_in(app, "nurse").post(one(made, verb))
        if code:
            refused(answer, 409, code)
        else:
            assert answer.status_code == 200, answer.text


def test_cancelled_by_status_needs_a_reason_and_frees_the_time(app, visit):
    desk = signed_in(app, "receptionist")
    answer = desk.patch(one(visit, "status"), json={"status": "cancelled"})
    assert (answer.status_code, blamed(answer)) == (422, {"reason"})
    answer = desk.patch(one(visit, "status"), json={"status": "cancelled", "reason": "left"})
    assert answer.json["data"]["cancelled"]["reason"] == "left"
    assert taken(app) == []


def test_who_arrives_gets_the_next_number_of_the_doctors_local_day(app, clock, desk):
    clock.move_to(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    desk = signed_in(app, user=desk.user)
    here, there = open_doctor(app, start="00:00", end="00:00"), make_doctor(app, timezone="America/New_York")
    open_hours(app, there.id, start="00:00", end="00:00")
    # Midnight in Berlin is 23:00, in New York 05:00.
    times = [("22:30", 0), ("23:00", 1), ("22:00", 0)]
    visits = [booked(desk, doctor, make_patient(app), at(1, wall)) for doctor in (here, there) for wall, _ in times]
    # The first day has not ended for long, the second has just begun.
    clock.move_to(at(1, "23:00"))
    desk = signed_in(app, user=desk.user)
    numbers = [desk.post(one(visit, "check-in")).json["data"]["queue_number"] for visit in visits]
    assert numbers == [1, 1, 2, 1, 2, 3]


def test_a_number_is_not_given_again(app, clock, desk):
    clock.move_to(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    desk, doctor = signed_in(app, user=desk.user), open_doctor(app)
    first, second = (booked(desk, doctor, make_patient(app), at(0, wall)) for wall in ("09:00", "10:00"))
    assert desk.post(one(first, "check-in")).json["data"]["queue_number"] == 1
    assert desk.post(one(first, "cancel"), json={"reason": "left"}).status_code == 200
    assert desk.post(one(second, "check-in")).json["data"]["queue_number"] == 2
    assert desk.get(one(first)).json["data"]["queue_number"] == 1


def test_doctors_go_on_in_their_own_calendar_and_patients_in_none(app, clock):
    clock.move_to(START)
    (me, own), (stranger, _), someone = signed_in_doctor(app), signed_in_doctor(app), signed_in(app, "patient")
    open_hours(app, own.id)
    chart = make_patient(app, user_id=someone.user.id)
    made = book(app, own.id, chart.id, START)
    refused(stranger.post(one(made, "start")), 404, "not_found")
    refused(someone.post(one(made, "check-in")), 403, "forbidden")
    refused(someone.patch(one(made, "status"), json={"status": "cancelled", "reason": "x"}), 403, "forbidden")
    assert me.post(one(made, "start")).json["data"]["status"] == "in_progress"


@pytest.mark.parametrize("roles", [("doctor",), ("doctor", "patient")])
def test_doctors_are_patients_where_they_are_seen_themselves(app, clock, roles):
    clock.move_to(START)
    user = make_user(app, *roles)
    me, own, other = signed_in(app, user=user), make_doctor(app, user_id=user.id), make_doctor(app)
    for doctor in (own, other):
        open_hours(app, doctor.id)
    chart = make_patient(app, user_id=user.id)
    made = book(app, other.id, chart.id, START)
    assert me.get(one(made)).status_code == (200 if "patient" in roles else 404)
    for verb in ("check-in", "start", "complete", "no-show"):
        refused(me.post(one(made, verb)), 404, "not_found")
    for to in ("confirmed", "cancelled"):
        refused(me.patch(one(made, "status"), json={"status": to, "reason": "x"}), 404, "not_found")
    assert signed_in(app, "nurse").get(one(made)).json["data"]["status"] == "scheduled"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "status"),
        ({"status": None}, "status"),
        ({"status": "done"}, "status"),
        ({"status": "completed", "x": 1}, "x"),
    ],
)
def test_a_status_that_cannot_be_understood_is_named(app, visit, body, named):
    answer = signed_in(app, "nurse").patch(one(visit, "status"), json=body)
    assert (answer.status_code, blamed(answer)) == (422, {named})
    assert stored_id(visit.id) == visit.id
