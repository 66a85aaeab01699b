"""Take time: one INSERT that is in or out, and one read that says why it is out.

The database decides: exclusion constraints on PostgreSQL, a trigger and the one writer at a time on SQLite. On
PostgreSQL a booking is written by the statement that takes its time, so whoever comes second has written nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert

from server.core import clock
from server.core.db import is_postgres
from server.core.direct import fetch_one
from server.core.errors import IdTaken, Unavailable
from server.core.ids import new_id
from server.modules.appointments.calendar.facts import Facts, Verdict
from server.modules.appointments.enums import IntervalKind
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.queries.facts import LONGEST_TAKEN, LONGEST_VISIT
from server.modules.appointments.service.seat_statements import BOOKED, SENT, TAKEN, WHY, follow_by_itself, take
from server.modules.patients.enums import PatientStatus

# How often a seat is looked for anew because what was in the way has gone meanwhile.
_MORE_TRIES = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """Time that is to be taken of a doctor as they were judged, and for whom."""

    doctor_id: uuid.UUID
    calendar_version: int
    capacity: int
    patient_id: uuid.UUID | None
    starts_at: datetime
    ends_at: datetime
    busy_from: datetime
    busy_to: datetime


def wanted(facts: Facts, verdict: Verdict, patient_id: uuid.UUID | None) -> Wanted:
    """Return what a time takes that was judged."""
    return Wanted(
        doctor_id=facts.doctor_id,
        calendar_version=facts.calendar_version,
        capacity=verdict.capacity,
        patient_id=patient_id,
        starts_at=verdict.starts_at,
        ends_at=verdict.ends_at,
        busy_from=verdict.starts_at - timedelta(minutes=verdict.buffer_before),
        busy_to=verdict.ends_at + timedelta(minutes=verdict.buffer_after),
    )


def hold(connection: Connection, time: Wanted, *, held_by: uuid.UUID | None, expires_at: datetime) -> uuid.UUID | None:
    """Hold a seat and return the hold's id; None: the doctor has changed since they were judged."""
    own = {"kind": IntervalKind.HOLD, "appointment_id": None, "held_by": held_by, "expires_at": expires_at}
    return _seat(connection, time, own, {})


def book(connection: Connection, time: Wanted, booking: Mapping[str, Any], beside: Mapping[str, Any]) -> bool:
    """Take a seat and write the booking, its history and its care relations, which `beside` has the parameters of.

    False: doctor or patient have changed since they were judged.
    """
    own = {
        "kind": IntervalKind.BOOKING,
        "appointment_id": booking["id"],
        "held_by": None,
        "expires_at": None,
        "created_at": booking["created_at"],
    }
    sent = {name: booking[name] for name in SENT}
    if is_postgres(connection):
        return _seat(connection, time, own, {**sent, **beside}) is not None
    connection.execute(insert(BOOKED), dict(booking))
    try:
        interval_id = _seat(connection, time, own, {})
    except (SlotTaken, PatientBusy):
        connection.execute(delete(BOOKED).where(BOOKED.c.id == booking["id"]))
        raise
    if interval_id is None:
        return False
    for statement in follow_by_itself():
        connection.execute(statement, {**sent, **beside, "id": interval_id})
    return True


def retake(connection: Connection, time: Wanted, appointment_id: uuid.UUID) -> bool:
    """Take a seat for a booking that stands and has given its own time back; False as for `book`."""
    own = {"kind": IntervalKind.BOOKING, "appointment_id": appointment_id, "held_by": None, "expires_at": None}
    return _seat(connection, time, own, {}) is not None


def give_back(connection: Connection, *appointment_ids: uuid.UUID) -> None:
    """Give back the time of bookings."""
    connection.execute(delete(TAKEN).where(TAKEN.c.appointment_id.in_(appointment_ids)))


def _seat(connection: Connection, time: Wanted, own: Mapping[str, Any], booking: Mapping[str, Any]) -> uuid.UUID | None:
    """Try seat after seat; raise `SlotTaken` or `PatientBusy` where none is to be had."""
    statement = take(
        on_postgres=is_postgres(connection), for_patient=time.patient_id is not None, with_booking=bool(booking)
    )
    interval_id = new_id()
    row = {
        "id": interval_id,
        "doctor_id": time.doctor_id,
        "calendar_version": time.calendar_version,
        "seat": 0,
        "capacity": time.capacity,
        "busy_from": time.busy_from,
        "busy_to": time.busy_to,
        "patient_id": time.patient_id,
        "starts_at": time.starts_at,
        "ends_at": time.ends_at,
        "created_at": clock.now(),
        "doctor_since": time.busy_from - LONGEST_TAKEN,
        "patient_since": time.starts_at - LONGEST_VISIT,
        **own,
        **booking,
    }
    for _ in range(time.capacity + _MORE_TRIES):
        if fetch_one(connection, statement, row) is not None:
            return interval_id
        seat = _next_seat(connection, time, row)
        if seat is None:
            return None
        row["seat"] = seat
    raise Unavailable("Too many want this time at once; try again.")


def _next_seat(connection: Connection, time: Wanted, row: Mapping[str, Any]) -> int | None:
    """Say why the row was out: return a seat that looks free, or None where it has to be judged again."""
    now = clock.now()
    found = connection.execute(WHY, dict(row)).all()
    if any(one.kind == "known" for one in found):
        raise IdTaken(errors={"id": [IdTaken.default_message()]})
    if any(one.kind == "doctor" and one.calendar_version != time.calendar_version for one in found):
        return None
    if any(one.kind == "patient" and one.status != PatientStatus.ACTIVE for one in found):
        return None
    lapsed = [one.id for one in found if one.expires_at is not None and one.expires_at <= now]
    if lapsed:
        connection.execute(delete(TAKEN).where(TAKEN.c.id.in_(lapsed), TAKEN.c.expires_at <= now))
    taken = {one.seat for one in found if one.kind == "seat" and one.id not in lapsed}
    left = range(time.capacity) if len(taken) < time.capacity else ()
    free = next((seat for seat in left if seat not in taken), None)
    if free is None:
        refusal: SlotTaken | PatientBusy = SlotTaken(errors={"starts_at": [SlotTaken.default_message()]})
    elif any(one.kind == "busy" and one.id not in lapsed for one in found):
        refusal = PatientBusy(errors={"starts_at": ["The patient has another appointment at that time."]})
    else:
        return free
    refusal.by_hold = any(one.expires_at is not None and one.id not in lapsed for one in found)
    refusal.by_own = any(one.kind == "busy" and one.expires_at is None for one in found)
    raise refusal
