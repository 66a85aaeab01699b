"""What time alone does: who never came is marked, holds that lapsed are cleared away, and jobs may run twice."""

from datetime import timedelta

import pytest

from server.core import jobs
from server.modules.appointments import tasks
from server.modules.appointments.queries import due
from server.modules.appointments.service import sweeps
from tests.appointments.visits import visit
from tests.factories.calendar import at, make_doctor, open_hours, set_columns, written
from tests.factories.database import query
from tests.factories.people import make_patient, signed_in

pytestmark = pytest.mark.usefixtures("clock")


def sweep(app):
    with app.app_context():
        return sweeps.mark_missed()


def statuses(app):
    return [row["status"] for row in query(app, "SELECT status FROM appointments ORDER BY starts_at")]


@pytest.fixture
def doctor(app):
    return make_doctor(app)


def test_who_never_came_is_marked_hours_after_the_end(app, clock, doctor):
    made = [visit(app, doctor.id, make_patient(app).id, at(1, wall)) for wall in ("08:00", "09:00")]
    set_columns(app, made[1], status="confirmed")
    clock.move_to(at(1, "20:29"))
    assert sweep(app) == 0
    clock.shift(60)
    assert sweep(app) == 1
    assert statuses(app) == ["no_show", "confirmed"]
    clock.shift(timedelta(hours=1))
    assert sweep(app) == 1
    assert sweep(app) == 0
    assert statuses(app) == ["no_show", "no_show"]
    history = query(app, "SELECT from_status, to_status, actor_id FROM appointment_events ORDER BY at")
    assert history == [
        {"from_status": before, "to_status": "no_show", "actor_id": None} for before in ("scheduled", "confirmed")
    ]


def test_whoever_came_or_will_come_stays_as_they_are(app, clock, doctor):
    kept = ["checked_in", "in_progress", "completed", "cancelled", "no_show"]
    for minute, status in enumerate(kept):
        made = visit(app, doctor.id, make_patient(app).id, at(1) + timedelta(minutes=minute))
        set_columns(app, made, status=status)
    visit(app, doctor.id, make_patient(app).id, at(5))
    clock.move_to(at(3))
    assert sweep(app) == 0
    assert statuses(app) == [*kept, "scheduled"]


def test_none_is_marked_where_the_clinic_wants_none(app, make_app, clock, doctor):
    visit(app, doctor.id, make_patient(app).id, at(1))
    clock.move_to(at(9))
    assert sweep(make_app(NO_SHOW_SWEEP_HOURS="0")) == 0
    assert statuses(app) == ["scheduled"]
    assert sweep(make_app(NO_SHOW_SWEEP_HOURS="1")) == 1


def test_one_that_fails_stops_no_other(app, clock, doctor, monkeypatch):
    monkeypatch.setattr(due, "PAGE", 2)
    made = [visit(app, doctor.id, make_patient(app).id, at(1) + timedelta(minutes=n)) for n in range(5)]
    change = sweeps.change_status

    def fail_for_one(**asked):
        if asked["appointment_id"] == made[1]:
            raise OSError("no")
        return change(**asked)

    clock.move_to(at(2))
    monkeypatch.setattr(sweeps, "change_status", fail_for_one)
    assert sweep(app) == 4
    assert statuses(app) == ["no_show", "scheduled", "no_show", "no_show", "no_show"]
    monkeypatch.setattr(sweeps, "change_status", change)
    assert sweep(app) == 1


def test_who_was_moved_or_came_after_the_list_was_read_is_not_marked(app, clock, doctor, monkeypatch):
    moved, came = (visit(app, doctor.id, make_patient(app).id, at(1, wall)) for wall in ("10:00", "10:05"))
    clock.move_to(at(2))
    read = sweeps.pages_of_unattended

    def read_and_change(**asked):
        pages = list(read(**asked))
        set_columns(app, moved, starts_at=at(3), ends_at=at(3, "10:30"))
        set_columns(app, came, status="checked_in")
        return pages

    monkeypatch.setattr(sweeps, "pages_of_unattended", read_and_change)
    assert sweep(app) == 0
    assert statuses(app) == ["checked_in", "scheduled"]


def test_lapsed_holds_are_cleared_away(app, clock, doctor):
    open_hours(app, doctor.id)
    desk = signed_in(app, "receptionist")
    body = {"doctor_id": str(doctor.id), "starts_at": written(at(3))}
    assert desk.post("/appointments/holds", json=body).status_code == 201
    clock.shift(timedelta(minutes=10))
    with app.app_context():
        assert tasks.drop_lapsed_holds() == 0, "its row stays a while, so that a late release finds it"
        clock.shift(timedelta(hours=2))
        assert tasks.drop_lapsed_holds() == 1
    assert query(app, "SELECT count(*) AS n FROM taken_intervals") == [{"n": 0}]


def test_every_job_of_the_calendar_runs_and_runs_again(app, clock, doctor):
    visit(app, doctor.id, make_patient(app).id, at(3))
    clock.move_to(at(2, "12:00"))
    names = ("reminders given", "waits ended", "appointments missed", "lapsed holds deleted")
    with app.app_context():
        first, second = jobs.run_all(), jobs.run_all()
    assert [first[name] for name in names] == [1, 0, 0, 0]
    assert [second[name] for name in names] == [0, 0, 0, 0]
