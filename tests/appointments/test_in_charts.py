"""Appointments in a patient's detail, timeline, summary and export, and in a merge."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from server.core import clock as clocks
from server.core.db import db
from server.core.ids import new_id
from server.core.uow import command
from server.modules.appointments.enums import Status
from server.modules.appointments.models import TakenInterval, WaitlistEntry
from tests.appointments.rows import appointment
from tests.factories.calendar import make_doctor
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import ids, refused


@pytest.fixture
def noon(clock):
    """Stop the clock at noon, in UTC."""
    clock.move_to(datetime.fromisoformat("2026-03-02T12:00:00+00:00"))
    return clocks.now()


@pytest.fixture
def admin(app, noon):
    """Give a client of an admin."""
    return signed_in(app, "admin")


def next_of(someone: Any, patient: Any) -> Any:
    return someone.get(f"/patients/{patient.id}").json["data"]["next_appointment_at"]


def test_the_next_appointment_of_a_patient(app, admin, noon, clock):
    doctor, patient, other = make_doctor(app), make_patient(app), make_patient(app)
    assert next_of(admin, patient) is None
    appointment(app, doctor.id, patient.id, noon - timedelta(days=1))
    appointment(app, doctor.id, patient.id, noon + timedelta(hours=1), status=Status.CANCELLED, cancelled_at=noon)
    appointment(app, doctor.id, other.id, noon + timedelta(hours=2))
    assert next_of(admin, patient) is None
    appointment(app, doctor.id, patient.id, noon + timedelta(days=9), status=Status.CONFIRMED)
    appointment(app, doctor.id, patient.id, noon + timedelta(days=2))
    assert next_of(admin, patient) == "2026-03-04T12:00:00Z"
    clock.shift(timedelta(days=3))
    assert next_of(signed_in(app, "admin"), patient) == "2026-03-11T12:00:00Z"


def test_who_sees_when_a_patient_comes_next(app, admin, noon):
    user = make_user(app, "patient")
    patient, doctor = make_patient(app, user_id=user.id), signed_in(app, "doctor")
    relate(app, patient.id, doctor.user.id)
    appointment(app, make_doctor(app).id, patient.id, noon + timedelta(days=1))
    for someone in (admin, doctor, signed_in(app, "receptionist"), signed_in(app, user=user)):
        assert next_of(someone, patient) == "2026-03-03T12:00:00Z"
    assert signed_in(app, user=user).get("/patients/me").json["data"]["next_appointment_at"] == "2026-03-03T12:00:00Z"
    for role in ("pharmacist", "cashier"):
        assert "next_appointment_at" not in signed_in(app, role).get(f"/patients/{patient.id}").json["data"]
    assert "next_appointment_at" not in admin.get("/patients").json["data"][0]


def test_when_a_patient_comes_next_is_not_written(app, admin):
    patient = make_patient(app)
    answer = admin.patch(f"/patients/{patient.id}", json={"next_appointment_at": "2026-03-03T12:00:00Z"})
    refused(answer, 422, "read_only", "next_appointment_at")
    shown = admin.get(f"/patients/{patient.id}").json["data"]
    again = admin.put(f"/patients/{patient.id}", json=shown)
    assert again.status_code == 200, again.text


@pytest.fixture
def chart(app, noon):
    """Give a patient, a doctor's client who may read the chart, and the patient's appointments by name."""
    doctor = make_doctor(app, first_name="Ada", last_name="Byron")
    patient, reader = make_patient(app), signed_in(app, "doctor")
    relate(app, patient.id, reader.user.id)

    def visit(days: int, **fields: Any) -> str:
        return str(appointment(app, doctor.id, patient.id, noon + timedelta(days=days), **fields))

    return (
        patient,
        reader,
        {
            "done": visit(-3, status=Status.COMPLETED, type="follow_up"),
            "missed": visit(-2, status=Status.NO_SHOW),
            "cancelled": visit(5, status=Status.CANCELLED, cancelled_at=noon - timedelta(days=1)),
            "tomorrow": visit(1, reason="Ear"),
            "next week": visit(7, status=Status.CONFIRMED),
        },
    )


def test_the_timeline_tells_of_appointments(chart):
    patient, reader, made = chart
    names = {one: name for name, one in made.items()}
    events = reader.get(f"/patients/{patient.id}/timeline").json["data"]
    found = [
        (names[one["object_id"]], one["kind"], one["at"], one["title"])
        for one in events
        if one["object_type"] == "appointment"
    ]
    assert found == [
        ("next week", "appointment", "2026-03-09T12:00:00Z", "Consultation"),
        ("tomorrow", "appointment", "2026-03-03T12:00:00Z", "Consultation"),
        ("cancelled", "appointment_cancelled", "2026-03-01T12:00:00Z", "Consultation"),
        ("missed", "appointment_missed", "2026-02-28T12:00:00Z", "Consultation"),
        ("done", "appointment", "2026-02-27T12:00:00Z", "Follow up"),
    ]
    (doctor,) = {json.dumps(one["doctor"]) for one in events if one["object_type"] == "appointment"}
    assert json.loads(doctor)["name"] == "Ada Byron"


def test_the_summary_tells_what_comes(chart):
    patient, reader, made = chart
    upcoming = reader.get(f"/patients/{patient.id}/summary").json["data"]["upcoming_appointments"]
    assert [one["id"] for one in upcoming] == [made["tomorrow"], made["next week"]]
    assert upcoming[0]["reason"] == "Ear"
    assert upcoming[0]["doctor_name"] == "Ada Byron"


def interval(app: Any, patient: Any, doctor: Any, starts_at: datetime, *, minutes: int = 30) -> Any:
    """Book a time as rows: the appointment and the time that it takes; return the appointment's id."""
    made = appointment(app, doctor.id, patient.id, starts_at, minutes=minutes)
    ends_at = starts_at + timedelta(minutes=minutes)
    with app.app_context(), command("tests.interval", "appointment"):
        times = {"starts_at": starts_at, "ends_at": ends_at, "busy_from": starts_at, "busy_to": ends_at}
        kind = {"kind": "booking", "seat": 1, "appointment_id": made}
        db.session.add(TakenInterval(id=new_id(), doctor_id=doctor.id, patient_id=patient.id, **times, **kind))
    return made


def taken(app: Any) -> dict[Any, Any]:
    with app.app_context(), db.engine.connect() as connection:
        table = TakenInterval.__table__
        rows = connection.execute(db.select(table.c.appointment_id, table.c.patient_id))
        return {row.appointment_id: row.patient_id for row in rows}


def test_a_merge_of_two_who_are_booked_at_once(app, admin, noon):
    kept, other = make_patient(app), make_patient(app)
    first, second = make_doctor(app), make_doctor(app)
    at_once = interval(app, kept, first, noon + timedelta(days=1))
    clashing = interval(app, other, second, noon + timedelta(days=1, minutes=15))
    touching = interval(app, other, second, noon + timedelta(days=1, minutes=-30))
    before = taken(app)
    body = {"duplicate_id": str(other.id)}
    answer = admin.post(f"/patients/{kept.id}/merge", json=body)
    assert answer.status_code == 200, answer.text
    (conflict,) = [one for one in answer.json["data"]["conflicts"] if one["table"] == "taken_intervals"]
    assert conflict["what"] == (noon + timedelta(days=1, minutes=15)).isoformat()
    assert taken(app) == {at_once: kept.id, clashing: None, touching: kept.id}
    mine = ids(admin.get(f"/appointments?patient_id={kept.id}"))
    assert mine == [str(touching), str(at_once), str(clashing)]
    assert admin.post(f"/patients/{kept.id}/unmerge").status_code == 200
    assert taken(app) == before
    assert ids(admin.get(f"/appointments?patient_id={other.id}")) == [str(touching), str(clashing)]


def test_a_merge_taken_back_after_the_clash_was_cancelled(app, admin, noon):
    kept, other = make_patient(app), make_patient(app)
    first, second = make_doctor(app), make_doctor(app)
    interval(app, kept, first, noon + timedelta(days=1))
    clashing = interval(app, other, second, noon + timedelta(days=1))
    assert admin.post(f"/patients/{kept.id}/merge", json={"duplicate_id": str(other.id)}).status_code == 200
    with app.app_context(), command("tests.cancel", "appointment"):
        db.session.execute(db.delete(TakenInterval).where(TakenInterval.appointment_id == clashing))
    assert admin.post(f"/patients/{kept.id}/unmerge").status_code == 200
    assert ids(admin.get(f"/appointments?patient_id={other.id}")) == [str(clashing)]


def test_the_export_has_appointments_with_their_history(app, noon):
    user = make_user(app, "patient")
    patient, doctor = make_patient(app, user_id=user.id), make_doctor(app)
    made = interval(app, patient, doctor, noon + timedelta(days=1))
    with app.app_context(), command("tests.wait", "waitlist_entry"):
        db.session.add(
            WaitlistEntry(patient_id=patient.id, doctor_id=doctor.id, first_day=noon.date(), last_day=noon.date())
        )
    interval(app, make_patient(app), doctor, noon + timedelta(days=2))
    document = json.loads(signed_in(app, user=user).get(f"/patients/{patient.id}/export").data)
    assert [one["id"] for one in document["appointments"]] == [str(made)]
    assert [one["appointment_id"] for one in document["appointment_events"]] == [str(made)]
    assert [one["patient_id"] for one in document["waitlist_entries"]] == [str(patient.id)]
    assert "taken_intervals" not in document
