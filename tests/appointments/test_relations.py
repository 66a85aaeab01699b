"""Whom an appointment opens the chart to, and for how long; asked over HTTP."""

from datetime import UTC, datetime

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.doctors import signals as of_doctors
from server.modules.doctors.models import Doctor
from tests.appointments.calls import booked, one, open_doctor
from tests.factories.calendar import at, make_doctor, open_hours, signed_in_doctor, written
from tests.factories.people import make_patient, make_user, signed_in
from tests.patients.support import path


@pytest.fixture(autouse=True)
def _stand_still(clock):
    pass


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def doctor(app):
    """Give a signed-in doctor and their profile, open every day."""
    me, own = signed_in_doctor(app)
    open_hours(app, own.id)
    return me, own


def sees(someone, patient):
    return someone.get(path(patient)).status_code == 200


def test_the_doctor_sees_the_chart_while_the_appointment_stands(app, desk, doctor):
    (me, own), patient = doctor, make_patient(app)
    assert not sees(me, patient)
    made = booked(desk, own, patient)
    assert sees(me, patient)
    assert me.get(path(patient, "allergies")).status_code == 200
    desk.post(one(made, "cancel"), json={"reason": "x"})
    assert not sees(me, patient)


def test_a_cancelled_appointment_closes_only_what_it_opened(app, desk, doctor):
    (me, own), patient = doctor, make_patient(app)
    first, second = booked(desk, own, patient, at(3)), booked(desk, own, patient, at(4))
    desk.post(one(first, "cancel"), json={"reason": "x"})
    assert sees(me, patient)
    desk.post(one(second, "cancel"), json={"reason": "x"})
    assert not sees(me, patient)


def test_nurses_and_technicians_see_it_on_the_local_day_alone(app, desk, clock):
    patient = make_patient(app)
    booked(desk, open_doctor(app), patient, at(3))
    # The day of the appointment in Berlin.
    moments = {
        datetime(2026, 3, 4, 22, 59, 59, tzinfo=UTC): False,
        datetime(2026, 3, 4, 23, 0, tzinfo=UTC): True,
        datetime(2026, 3, 5, 22, 59, 59, tzinfo=UTC): True,
        datetime(2026, 3, 5, 23, 0, tzinfo=UTC): False,
    }
    for moment, is_open in moments.items():
        clock.move_to(moment)
        assert sees(signed_in(app, "nurse"), patient) is is_open, moment
        assert sees(signed_in(app, "technician"), patient) is is_open, moment


def test_the_local_day_is_the_doctors(app, desk, clock):
    patient, there = make_patient(app), make_doctor(app, timezone="America/New_York")
    open_hours(app, there.id, start="00:00", end="00:00")
    booked(desk, there, patient, at(3, "02:00"))  # the evening of the day before, over there
    clock.move_to(datetime(2026, 3, 4, 5, 0, tzinfo=UTC))
    assert sees(signed_in(app, "nurse"), patient)
    clock.move_to(datetime(2026, 3, 5, 5, 0, tzinfo=UTC))
    assert not sees(signed_in(app, "nurse"), patient)


def test_relations_follow_a_move(app, desk, doctor, clock):
    (me, own), (other, theirs), patient = doctor, signed_in_doctor(app), make_patient(app)
    open_hours(app, theirs.id)
    made = booked(desk, own, patient, at(3))
    there = {"starts_at": written(at(5)), "doctor_id": str(theirs.id)}
    assert desk.patch(one(made, "reschedule"), json=there).status_code == 200
    assert not sees(me, patient)
    assert sees(other, patient)
    clock.move_to(at(3, "12:00"))
    assert not sees(signed_in(app, "nurse"), patient)
    clock.move_to(datetime(2026, 3, 7, 12, 0, tzinfo=UTC))
    assert sees(signed_in(app, "nurse"), patient)


def test_what_was_completed_or_missed_stays_open_to_the_doctor(app, desk, doctor, clock):
    (me, own), patient = doctor, make_patient(app)
    made = booked(desk, own, patient, at(0, "09:00"))
    clock.move_to(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    desk, me = signed_in(app, user=desk.user), signed_in(app, user=me.user)
    assert desk.post(one(made, "complete")).status_code == 200
    clock.move_to(datetime(2026, 4, 2, 10, 0, tzinfo=UTC))
    assert sees(signed_in(app, user=me.user), patient)


def test_an_account_that_is_linked_later_sees_who_is_coming(app, desk):
    without, patient, gone = open_doctor(app), make_patient(app), make_patient(app)
    booked(desk, without, patient)
    cancelled = booked(desk, without, gone, at(4))
    desk.post(one(cancelled, "cancel"), json={"reason": "x"})
    first, second = (signed_in(app, user=make_user(app, "doctor")) for _ in range(2))

    def link(user_id):
        with app.app_context(), command("tests.link", "doctor"):
            found = db.session.get_one(Doctor, without.id)
            found.user_id = user_id
            db.session.flush()
            of_doctors.account_changed.send(doctor=found)

    link(first.user.id)
    assert (sees(first, patient), sees(first, gone)) == (True, False)
    link(second.user.id)
    assert (sees(first, patient), sees(second, patient)) == (False, True)
    link(None)
    assert not sees(second, patient)
    # Nurses keep the day, whoever the doctor's account is.
    assert not sees(signed_in(app, "nurse"), patient)
