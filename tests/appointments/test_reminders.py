"""Patients are reminded a day and two hours before: once, and of what still stands."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.appointments.queries import due
from server.modules.appointments.service import reminders
from tests.appointments.visits import cancel, make_proxy, move, visit
from tests.factories.calendar import at, make_doctor, set_columns, signed_in_doctor
from tests.factories.database import body_of, deliver, mails, query
from tests.factories.people import make_patient, signed_in

DAY, TWO_HOURS, SECOND = timedelta(hours=24), timedelta(hours=2), timedelta(seconds=1)


@pytest.fixture
def doctor(app):
    return make_doctor(app)


@pytest.fixture
def patient(app):
    client = signed_in(app, "patient")
    return client, make_patient(app, user_id=client.user.id)


def remind(app):
    with app.app_context():
        return reminders.remind_due()


def reminded(app):
    """Return what was told of reminders, in the order in which it was."""
    return [
        row["title"] for row in query(app, "SELECT title FROM notifications WHERE kind LIKE '%reminder' ORDER BY id")
    ]


def test_each_is_given_once_when_its_moment_comes(app, clock, doctor, patient):
    starts_at = at(3)
    visit(app, doctor.id, patient[1].id, starts_at)
    told = "Appointment soon: Thursday, 5 March 2026, 11:00 CET"
    for moment, expected in (
        (starts_at - DAY - SECOND, []),
        (starts_at - DAY, [told]),
        (starts_at - DAY + SECOND, [told]),
        (starts_at - TWO_HOURS - SECOND, [told]),
        (starts_at - TWO_HOURS, [told, told]),
        (starts_at - SECOND, [told, told]),
        (starts_at + SECOND, [told, told]),
    ):
        clock.move_to(moment)
        remind(app)
        assert reminded(app) == expected, moment
        assert remind(app) == 0


def test_one_that_was_slept_through_is_given_late_and_the_first_not_beside_the_second(app, clock, doctor, patient):
    starts_at = at(3)
    visit(app, doctor.id, patient[1].id, starts_at)
    clock.move_to(starts_at - timedelta(hours=5))
    assert remind(app) == 1
    visit(app, doctor.id, patient[1].id, starts_at + timedelta(days=3))
    clock.move_to(starts_at + timedelta(days=3) - TWO_HOURS + timedelta(minutes=5))
    assert remind(app) == 1
    kinds = query(app, "SELECT kind FROM appointment_reminders ORDER BY at")
    assert [row["kind"] for row in kinds] == ["day_before", "soon_before"]


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (DAY + SECOND, ["day_before", "soon_before"]),
        (DAY, ["soon_before"]),
        (TWO_HOURS + SECOND, ["soon_before"]),
        (TWO_HOURS, []),
        (timedelta(minutes=10), []),
    ],
)
def test_a_moment_that_had_passed_when_the_time_was_agreed_brings_none(app, clock, doctor, ahead, expected):
    agreed_at = at(0, "08:00")
    starts_at = agreed_at + ahead
    visit(app, doctor.id, make_patient(app).id, starts_at)
    for moment in (agreed_at, starts_at - DAY, starts_at - TWO_HOURS - SECOND, starts_at - TWO_HOURS):
        if moment >= agreed_at:
            clock.move_to(moment)
            remind(app)
    assert [row["kind"] for row in query(app, "SELECT kind FROM appointment_reminders ORDER BY at")] == expected


def test_none_after_a_cancellation_or_once_the_patient_is_there(app, clock, doctor, patient):
    made = {
        status: visit(app, doctor.id, patient[1].id, at(3, wall))
        for status, wall in (
            *(("scheduled", "10:00"), ("confirmed", "10:01"), ("cancelled", "10:02"), ("checked_in", "10:03")),
            *(("in_progress", "10:04"), ("completed", "10:05"), ("no_show", "10:06")),
        )
    }
    for status, appointment_id in made.items():
        set_columns(app, appointment_id, status=status)
    clock.move_to(at(2, "10:30"))
    assert remind(app) == 2
    of = query(app, "SELECT appointment_id FROM appointment_reminders")
    assert {str(row["appointment_id"]).replace("-", "") for row in of} == {
        made["scheduled"].hex,
        made["confirmed"].hex,
    }


def test_after_a_move_the_new_time_counts_and_the_old_one_is_forgotten(app, clock, doctor, patient):
    old, new = at(3), at(4)
    made = visit(app, doctor.id, patient[1].id, old)
    clock.move_to(old - DAY)
    assert remind(app) == 1
    move(app, made, new)
    for moment, expected in ((old - DAY, 0), (old - TWO_HOURS, 0), (new - DAY, 1), (new - TWO_HOURS, 1)):
        clock.move_to(moment)
        assert remind(app) == expected, moment
    to_new = "Appointment soon: Friday, 6 March 2026, 11:00 CET"
    assert reminded(app) == ["Appointment soon: Thursday, 5 March 2026, 11:00 CET", to_new, to_new]


def test_a_reminder_is_not_mailed_once_it_is_off_or_over(app, clock, doctor, patient):
    first, second = (visit(app, doctor.id, patient[1].id, at(3, wall)) for wall in ("10:00", "10:05"))
    deliver(app)
    before = len(mails(app))
    clock.move_to(at(2, "10:05"))
    assert remind(app) == 2
    set_columns(app, first, status="cancelled")
    deliver(app)
    (mail,) = mails(app)[before:]
    assert mail["Subject"] == "Appointment soon at Polyclinic"
    assert "Thursday, 5 March 2026, 11:05 CET" in body_of(mail)
    assert str(second) in body_of(mail)
    clock.move_to(at(1, "08:05"))
    assert remind(app) == 1
    clock.move_to(at(0, "10:05"))
    deliver(app)
    assert len(mails(app)) == before + 1, "it has begun: nobody needs to be told that it is coming up"


def test_the_patients_side_is_reminded_and_the_doctor_is_not(app, clock):
    _, doctor = signed_in_doctor(app)
    ward = make_patient(app, email="ward@example.com")
    mother = signed_in(app, "patient")
    make_proxy(signed_in(app, "admin"), ward.id, mother.user, "book")
    visit(app, doctor.id, ward.id, at(3))
    deliver(app)
    before = len(mails(app))
    clock.move_to(at(2, "10:00"))
    assert remind(app) == 1
    deliver(app)
    assert {mail["To"] for mail in mails(app)[before:]} == {mother.user.email, "ward@example.com"}
    assert len(query(app, "SELECT id FROM notifications WHERE kind = 'appointment_reminder'")) == 1


def test_many_are_found_page_by_page_and_one_that_fails_stops_no_other(app, clock, doctor, monkeypatch):
    monkeypatch.setattr(due, "PAGE", 4)
    patient = make_patient(app)
    made = [visit(app, doctor.id, patient.id, at(3) + timedelta(minutes=number // 2)) for number in range(11)]
    clock.move_to(at(2, "11:00"))
    tell, tries = reminders.notices.tell_patient, []

    def fail_once(appointment, kind, *, version):
        tries.append(appointment.id)
        if len(tries) == 3:
            raise OSError("no")
        tell(appointment, kind, version=version)

    monkeypatch.setattr(reminders.notices, "tell_patient", fail_once)
    assert remind(app) == 10
    assert remind(app) == 1
    assert remind(app) == 0
    assert set(tries) == set(made)
    assert len(tries) == 12


def test_in_several_places_at_once_each_is_given_once(app, clock, make_app, doctor):
    users = [signed_in(app, "patient").user for _ in range(3)]
    for number in range(12):
        chart = make_patient(app, user_id=users[number].id if number < 3 else None)
        visit(app, doctor.id, chart.id, at(3) + timedelta(minutes=number))
    clock.move_to(at(2, "11:00"))
    together = threading.Barrier(6)

    def one(place):
        together.wait()
        return remind(place)

    with ThreadPoolExecutor(6) as pool:
        given = sum(pool.map(one, [app, make_app()] * 3))
    assert given == 12
    assert query(app, "SELECT count(*) AS n FROM appointment_reminders")[0]["n"] == 12
    assert len(reminded(app)) == 3


def test_a_cancellation_on_its_way_is_waited_for(app, clock, doctor, patient):
    """A reminder that finds the appointment being called off says nothing once it is."""
    made = visit(app, doctor.id, patient[1].id, at(3))
    clock.move_to(at(2, "11:00"))
    begun, go_on = threading.Event(), threading.Event()

    def call_off():
        from server.modules.appointments.models import Appointment

        with app.app_context(), command("tests.cancel", "appointment"):
            one = db.session.get_one(Appointment, made, with_for_update=True)
            one.status = "cancelled"
            db.session.flush()
            begun.set()
            go_on.wait(1)

    with ThreadPoolExecutor(2) as pool:
        calling = pool.submit(call_off)
        begun.wait()
        reminding = pool.submit(remind, app)
        go_on.set()
        calling.result()
        assert reminding.result() == 0
    assert reminded(app) == []
    cancel(app, made)
