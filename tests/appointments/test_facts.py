"""What is known of a doctor's time, read in one statement of any range."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from server.core import clock
from server.core.db import db, reading
from server.core.uow import command
from server.modules.appointments.calendar.facts import DateHours, Hours, WeeklyHours
from server.modules.appointments.models import Override, TakenInterval
from server.modules.appointments.queries import facts as queries
from server.modules.doctors.models import Holiday
from tests.factories.calendar import make_doctor, open_hours, take_leave

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("clock")


def add(app, *rows):
    with app.app_context(), command("tests.add"):
        db.session.add_all(rows)


def read(app, doctor, since=MONDAY, until=MONDAY + timedelta(days=1), *, with_taken=True):
    with app.app_context():
        return queries.facts_of(reading(), doctor.id, since, until, with_taken=with_taken)


def interval(doctor, hour, *, seat=1, kind="hold", expires_in=5, minutes=30):
    start = MONDAY + timedelta(hours=hour)
    end = start + timedelta(minutes=minutes)
    expires_at = datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(minutes=expires_in)
    times = {"busy_from": start, "starts_at": start, "ends_at": end, "busy_to": end}
    return TakenInterval(doctor_id=doctor.id, seat=seat, kind=kind, expires_at=expires_at, **times)


def test_all_is_read_as_it_was_written(app):
    doctor = make_doctor(app, timezone="Asia/Kolkata", default_duration_minutes=45)
    other = make_doctor(app)
    for one in (doctor, other):
        open_hours(app, one.id, days=[0], start="22:00", end="06:00", slot_minutes=20, capacity=2, location="Room 1")
        take_leave(app, one.id, MONDAY, MONDAY + timedelta(hours=3))
    hours = {"start_minute": 60, "end_minute": 120, "slot_minutes": 15, "buffer_after": 5}
    add(app, Override(doctor_id=doctor.id, held_on=MONDAY.date(), kind="extra", windows=[hours]))
    add(app, Holiday(held_on=date(2026, 3, 3), name="Day of rest"), Holiday(held_on=date(2026, 12, 25), name="Xmas"))
    found = read(app, doctor)
    assert (found.doctor_id, found.name, found.is_active) == (doctor.id, doctor.name, True)
    assert (found.default_minutes, found.zone.key, found.calendar_version) == (45, "Asia/Kolkata", 2)
    assert found.weekly == [WeeklyHours(0, Hours(22 * 60, 6 * 60, 20, capacity=2, location="Room 1"))]
    assert found.dates == [DateHours(MONDAY.date(), "extra", (Hours(60, 120, 15, buffer_after=5),))]
    assert found.leave == [(MONDAY, MONDAY + timedelta(hours=3))]
    assert found.holidays == frozenset({date(2026, 3, 3)})
    assert found.taken == []
    with app.app_context():
        assert read(app, other).zone == clock.clinic_zone() != found.zone


def test_who_is_not_there_has_no_facts(app):
    doctor = make_doctor(app)
    with app.app_context():
        unknown = queries.facts_of(reading(), open_hours(app, doctor.id)[0], MONDAY, MONDAY, with_taken=True)
    assert unknown is None


def test_taken_time_counts_while_it_stands_and_meets_the_range(app):
    doctor = make_doctor(app)
    counted = [interval(doctor, 9), interval(doctor, -1, minutes=90), interval(doctor, 23, minutes=480)]
    uncounted = [interval(doctor, 9, seat=2, expires_in=0), interval(doctor, -30), interval(doctor, 40)]
    add(app, *counted, *uncounted)
    hours = sorted((one.busy_from - MONDAY).total_seconds() / 3600 for one in read(app, doctor).taken)
    assert hours == [-1, 9, 23]
    assert read(app, doctor, with_taken=False).taken == []


def test_a_year_takes_one_statement_as_a_day_does_and_it_is_cached(app):
    doctor = make_doctor(app)
    open_hours(app, doctor.id)
    seen = []
    with app.app_context():
        connection = reading()
        event.listen(db.engine, "before_cursor_execute", seen_by := lambda *args: seen.append(args[2]))
        try:
            for days in (1, 365):
                queries.facts_of(connection, doctor.id, MONDAY, MONDAY + timedelta(days=days), with_taken=True)
            list(queries.facts_of_all(connection, MONDAY, MONDAY + timedelta(days=1)))
        finally:
            event.remove(db.engine, "before_cursor_execute", seen_by)
    assert len(seen) == 3
    assert seen[0] == seen[1]
    for statement in (*queries._OF_ONE.values(), queries._OF_ALL):
        assert statement._generate_cache_key() is not None


def test_all_doctors_with_hours_are_read_at_once(app):
    with_hours, without, inactive = make_doctor(app), make_doctor(app), make_doctor(app, status="inactive")
    for doctor in (with_hours, inactive):
        open_hours(app, doctor.id)
    take_leave(app, without.id, MONDAY, MONDAY + timedelta(hours=1))
    add(app, interval(with_hours, 9), interval(inactive, 9), interval(without, 9))
    add(app, Holiday(held_on=MONDAY.date(), name="Day of rest"))
    with app.app_context():
        found = list(queries.facts_of_all(reading(), MONDAY, MONDAY + timedelta(days=1)))
    assert [one.doctor_id for one in found] == [with_hours.id]
    assert len(found[0].taken) == 1
    assert len(found[0].weekly) == 7
    assert found[0].holidays == {MONDAY.date()}
