"""The day's board: each doctor's local day from expected to done."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from server.core import clock as clocks
from server.core.db import db
from server.modules.appointments.enums import Status
from tests.appointments.rows import appointment
from tests.factories.calendar import make_doctor
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, signed_in
from tests.patients.support import refused

PARTS = ("waiting", "in_room", "done", "expected")


@pytest.fixture
def noon(clock):
    """Stop the clock at noon, in UTC."""
    clock.move_to(datetime.fromisoformat("2026-03-02T12:00:00+00:00"))
    return clocks.now()


def board_of(someone: Any, doctor: Any) -> dict[str, list[str]]:
    answer = someone.get(f"/appointments/queue?doctor_id={doctor.id}")
    assert answer.status_code == 200, answer.text
    (board,) = answer.json["data"]
    assert board["doctor"] == {"id": str(doctor.id), "name": doctor.name}
    return {part: [one["id"] for one in board[part]] for part in PARTS}


def test_each_visit_stands_in_its_part(app, noon):
    doctor, desk = make_doctor(app), signed_in(app, "receptionist")
    patients = [make_patient(app) for _ in range(9)]
    came = noon - timedelta(minutes=40)

    def visit(number: int, minutes: int, status: Status, **fields: Any) -> str:
        starts_at = noon + timedelta(minutes=minutes)
        return str(appointment(app, doctor.id, patients[number].id, starts_at, status=status, **fields))

    later, soon = visit(0, 90, Status.SCHEDULED), visit(1, 30, Status.CONFIRMED)
    queue = {"queue_day": noon.date()}
    second = visit(2, -10, Status.CHECKED_IN, queue_number=2, checked_in_at=came, **queue)
    first = visit(3, 10, Status.CHECKED_IN, queue_number=1, checked_in_at=came - timedelta(minutes=5), **queue)
    begun = visit(
        4, -60, Status.IN_PROGRESS, queue_number=3, checked_in_at=came, begun_at=came + timedelta(minutes=7), **queue
    )
    done = visit(5, -120, Status.COMPLETED, completed_at=noon - timedelta(minutes=90))
    visit(6, 60, Status.CANCELLED, cancelled_at=noon)
    visit(7, -180, Status.NO_SHOW)
    visit(8, 60 * 24, Status.SCHEDULED)
    assert board_of(desk, doctor) == {
        "waiting": [first, second],
        "in_room": [begun],
        "done": [done],
        "expected": [soon, later],
    }
    (board,) = desk.get("/appointments/queue").json["data"]
    assert board["date"] == "2026-03-02"
    assert [one["minutes_waited"] for one in board["waiting"]] == [45, 40]
    assert [one["queue_number"] for one in board["waiting"]] == [1, 2]
    assert [one["minutes_waited"] for one in board["in_room"]] == [7]
    assert [one["minutes_waited"] for one in board["expected"]] == [None, None]
    patient = board["waiting"][0]["patient"]
    assert (patient["id"], patient["mrn"]) == (str(patients[3].id), patients[3].mrn)
    assert patient["name"] == f"{patients[3].first_name} {patients[3].last_name}"


def test_nobody_reads_the_reason_on_the_board(app, noon):
    doctor = make_doctor(app)
    appointment(app, doctor.id, make_patient(app).id, noon, reason="Snoring", notes="Deaf")
    text = signed_in(app, "technician").get("/appointments/queue").text
    assert "Snoring" not in text
    assert "Deaf" not in text


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata", None])
def test_today_is_the_doctors_own(app, noon, zone):
    doctor, desk = make_doctor(app, timezone=zone), signed_in(app, "admin")
    here = ZoneInfo(zone) if zone else app.extensions["settings"].zone
    today = noon.astimezone(here).date()
    midnight = datetime(today.year, today.month, today.day, tzinfo=here)
    patient = make_patient(app)
    times = [midnight - timedelta(minutes=30), midnight, midnight + timedelta(hours=23, minutes=30)]
    times.append(midnight + timedelta(days=1))
    made = [str(appointment(app, doctor.id, patient.id, one)) for one in times]
    assert board_of(desk, doctor)["expected"] == made[1:3]
    (board,) = desk.get("/appointments/queue").json["data"]
    assert board["date"] == str(today)
    assert board["expected"][0]["local_start"] == times[1].isoformat()


def test_a_day_of_25_hours_is_whole(app, clock):
    clock.move_to(datetime.fromisoformat("2027-11-07T20:00:00+00:00"))
    doctor, desk = make_doctor(app, timezone="America/New_York"), signed_in(app, "admin")
    here, patient = ZoneInfo("America/New_York"), make_patient(app)
    first, last = datetime(2027, 11, 7, 0, 0, tzinfo=here), datetime(2027, 11, 7, 23, 30, tzinfo=here)
    made = [str(appointment(app, doctor.id, patient.id, one)) for one in (first, last)]
    appointment(app, doctor.id, patient.id, datetime(2027, 11, 8, 0, 0, tzinfo=here))
    assert board_of(desk, doctor)["expected"] == made


def test_who_waits_at_midnight_waits_after_it(app, clock):
    clock.move_to(datetime.fromisoformat("2026-03-02T00:10:00+00:00"))
    doctor, desk, patient, now = make_doctor(app), signed_in(app, "nurse"), make_patient(app), clocks.now()
    late = now - timedelta(minutes=20)
    waiting = appointment(
        app, doctor.id, patient.id, late, status=Status.CHECKED_IN, checked_in_at=late, queue_number=7
    )
    appointment(app, doctor.id, patient.id, late - timedelta(hours=1), status=Status.SCHEDULED)
    appointment(app, doctor.id, patient.id, late - timedelta(days=3), status=Status.CHECKED_IN, checked_in_at=late)
    assert board_of(desk, doctor) == {"waiting": [str(waiting)], "in_room": [], "done": [], "expected": []}


def test_doctors_without_visits_are_left_out_unless_asked_for(app, noon):
    idle, busy = make_doctor(app), make_doctor(app)
    desk = signed_in(app, "receptionist")
    appointment(app, busy.id, make_patient(app).id, noon)
    assert [board["doctor"]["id"] for board in desk.get("/appointments/queue").json["data"]] == [str(busy.id)]
    assert board_of(desk, idle) == {part: [] for part in PARTS}
    absent = "01900000-0000-7000-8000-000000000000"
    assert desk.get(f"/appointments/queue?doctor_id={absent}").json["data"] == []
    refused(desk.get("/appointments/queue?doctor_id=7"), 422, "validation_failed", "doctor_id")
    refused(desk.get("/appointments/queue?page=1"), 422, "validation_failed", "page")


def test_the_board_costs_the_same_for_one_visit_and_for_fifty(app, noon):
    desk = signed_in(app, "receptionist")
    counted = []
    for count in (1, 50):
        for number in range(count):
            doctor = make_doctor(app, timezone=("Asia/Kolkata", None)[number % 2])
            appointment(app, doctor.id, make_patient(app).id, noon)
        desk.get("/appointments/queue")
        statements: list[str] = []
        with app.app_context():
            engine = db.engine

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            assert len(desk.get("/appointments/queue").json["data"]) >= count
        finally:
            event.remove(engine, "before_cursor_execute", note)
        counted.append(len(statements))
    assert counted[0] == counted[1]


def test_the_audit_row_says_whose_visits_were_shown(app, noon):
    made = appointment(app, make_doctor(app).id, make_patient(app).id, noon)
    signed_in(app, "nurse").get("/appointments/queue")
    row = audit_rows(app)[-1]
    assert (row["action"], row["object_ids"]) == ("appointments.queue", [str(made)])


@pytest.mark.parametrize("role", ["patient", "cashier", "pharmacist"])
def test_who_has_no_waiting_room_sees_none(app, role):
    refused(signed_in(app, role).get("/appointments/queue"), 403, "forbidden")
