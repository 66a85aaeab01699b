"""The database itself refuses overlapping time, and looks at no more of it than can overlap."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from migrations import triggers
from server.core.db import db
from server.core.ids import new_id
from server.core.uow import command
from server.modules.appointments.models import TakenInterval
from server.modules.appointments.queries.facts import LONGEST_BUFFER_MINUTES, LONGEST_TAKEN, LONGEST_VISIT
from tests.factories.calendar import at, make_doctor
from tests.factories.people import make_patient

_MINUTE = timedelta(minutes=1)
_BUFFER = LONGEST_BUFFER_MINUTES * _MINUTE


def hold(app, doctor, patient, busy_from, busy_to, *, buffer=_BUFFER):
    """Write a hold past all rules but those of the database."""
    row = {
        "id": new_id(),
        "doctor_id": doctor.id,
        "seat": 0,
        "busy_from": busy_from,
        "busy_to": busy_to,
        "patient_id": patient.id,
        "starts_at": busy_from + buffer,
        "ends_at": busy_to - buffer,
        "kind": "hold",
        "expires_at": at(9),
        "created_at": at(0),
    }
    with app.app_context(), command("tests.hold", "appointment"):
        db.session.execute(insert(TakenInterval), row)


def test_the_longest_time_of_a_doctor_is_still_in_the_way_in_its_last_minute(app):
    doctor, start = make_doctor(app), at(3, "00:00")
    hold(app, doctor, make_patient(app), start, start + LONGEST_TAKEN)
    last = start + LONGEST_TAKEN - _MINUTE
    with pytest.raises(IntegrityError, match="ex_taken_intervals_doctor"):
        hold(app, doctor, make_patient(app), last, last + 2 * _MINUTE, buffer=0 * _MINUTE)
    hold(app, doctor, make_patient(app), last + _MINUTE, last + 2 * _MINUTE, buffer=0 * _MINUTE)


def test_the_longest_visit_of_a_patient_is_still_in_the_way_in_its_last_minute(app):
    patient, start = make_patient(app), at(3, "00:00")
    hold(app, make_doctor(app), patient, start, start + LONGEST_VISIT, buffer=0 * _MINUTE)
    last = start + LONGEST_VISIT - _MINUTE
    with pytest.raises(IntegrityError, match="ex_taken_intervals_patient"):
        hold(app, make_doctor(app), patient, last, last + 2 * _MINUTE, buffer=0 * _MINUTE)
    hold(app, make_doctor(app), patient, last + _MINUTE, last + 2 * _MINUTE, buffer=0 * _MINUTE)


def test_the_triggers_know_the_longest_times():
    assert timedelta(minutes=triggers.LONGEST_VISIT_MINUTES) == LONGEST_VISIT
    assert timedelta(minutes=triggers.LONGEST_TAKEN_MINUTES) == LONGEST_TAKEN


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    ("name", "range_of"),
    [
        ("ex_taken_intervals_doctor", "doctor_id=? AND busy_from>? AND busy_from<?"),
        ("ex_taken_intervals_patient", "patient_id=? AND starts_at>? AND starts_at<?"),
    ],
)
def test_a_trigger_reads_one_range_of_an_index(app, name, range_of):
    with app.app_context(), db.engine.connect() as connection:
        written = connection.scalar(
            text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": f"{name}_INSERT"}
        )
        condition = written.partition("WHEN EXISTS (")[2].partition(")\nBEGIN")[0].replace("new.", ":")
        asked = dict.fromkeys(("id", "doctor_id", "patient_id", "seat", "busy_from", "busy_to", "starts_at", "ends_at"))
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {condition}"), asked).all()
    assert [range_of in row.detail for row in plan] == [True]
