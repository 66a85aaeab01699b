"""Book on the floor: the rows that a booking writes, by raw SQL in one transaction.

Nobody asks whether the time lies within hours; the exclusion constraints alone decide. `book` takes the time by one
INSERT that is in or out, `book_locked` as it is often done: lock the doctor, look, insert.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

Connection = psycopg.Connection[tuple[Any, ...]]

_WHO = """
SELECT d.first_name, d.last_name, d.timezone, d.default_duration_minutes, d.user_id,
       p.first_name, p.last_name, p.mrn, p.email
FROM doctors d, patients p WHERE d.id = %s AND p.id = %s AND p.status = 'active'
"""
_TAKE = """
INSERT INTO taken_intervals
  (id, doctor_id, seat, busy_from, busy_to, patient_id, starts_at, ends_at, kind, appointment_id, created_at)
VALUES (%(interval_id)s, %(doctor_id)s, 0, %(starts_at)s, %(ends_at)s, %(patient_id)s, %(starts_at)s, %(ends_at)s,
        'booking', %(id)s, %(now)s)
"""
_BOOK = """
INSERT INTO appointments
  (id, patient_id, doctor_id, starts_at, ends_at, status, type, reason, timed_at, search_text, created_at, updated_at,
   version)
{values}
RETURNING id
"""
_VALUES = """
  %(id)s, %(patient_id)s, %(doctor_id)s, %(starts_at)s, %(ends_at)s, 'scheduled', %(type)s, %(reason)s,
  %(now)s, %(search_text)s, %(now)s, %(now)s, 1
"""
# ruff: noqa: S608 -- what is put into the statements are the constants above
_TAKE_AND_BOOK = f"WITH taken AS ({_TAKE} ON CONFLICT DO NOTHING RETURNING id) " + _BOOK.format(
    values=f"SELECT {_VALUES} FROM taken"
)
_BOOK_ONLY = _BOOK.format(values=f"VALUES ({_VALUES})")
_LOCK = "SELECT id FROM doctors WHERE id = %s FOR UPDATE"
_MEETS = """
SELECT FROM taken_intervals WHERE doctor_id = %(doctor_id)s AND busy_from > %(since)s
  AND busy_from < %(ends_at)s AND busy_to > %(starts_at)s
UNION ALL
SELECT FROM taken_intervals WHERE patient_id = %(patient_id)s AND starts_at > %(since)s
  AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s
"""
_EVENT = """
INSERT INTO appointment_events (id, appointment_id, at, to_status, to_starts_at, to_doctor_id)
VALUES (%s, %s, %s, 'scheduled', %s, %s)
"""
_RELATIONS = """
INSERT INTO care_relations (id, patient_id, user_id, audience, source, source_id, starts_at, ends_at)
VALUES (%s, %s, NULL, 'nurses and technicians', 'appointment', %s, %s, %s),
       (%s, %s, %s, NULL, 'appointment', %s, %s, NULL)
"""
_NOTICE = """
INSERT INTO notifications
  (id, user_id, kind, source_type, source_id, source_version, title, body, created_at, updated_at, version)
VALUES (%s, %s, 'appointment_booked', 'appointment', %s, 1, %s, 'An appointment was booked.', %s, %s, 1)
"""
_MAILS = """
INSERT INTO outbox (id, kind, subject_id, details, dedupe_key, status, attempts, next_attempt_at, created_at)
VALUES (%s, 'appointment', %s, %s, %s, 'pending', 0, %s, %s),
       (%s, 'appointment_letter', %s, %s, %s, 'pending', 0, %s, %s)
"""
_LONGEST = timedelta(hours=24)

Taker = Callable[[Connection, dict[str, Any]], bool]


def book(connection: Connection, body: dict[str, Any], zone: ZoneInfo) -> tuple[str, dict[str, Any]]:
    """Return status and answer of a booking by one INSERT."""
    return _book(connection, body, zone, _take)


def book_locked(connection: Connection, body: dict[str, Any], zone: ZoneInfo) -> tuple[str, dict[str, Any]]:
    """Return status and answer of a booking that locks the doctor and looks first."""
    return _book(connection, body, zone, _take_locked)


def _take(connection: Connection, row: dict[str, Any]) -> bool:
    return connection.execute(_TAKE_AND_BOOK, row).fetchone() is not None


def _take_locked(connection: Connection, row: dict[str, Any]) -> bool:
    connection.execute(_LOCK, [row["doctor_id"]])
    if connection.execute(_MEETS, {**row, "since": row["starts_at"] - _LONGEST}).fetchone() is not None:
        return False
    connection.execute(_BOOK_ONLY, row)
    connection.execute(_TAKE, row)
    return True


def _book(
    connection: Connection, body: dict[str, Any], default_zone: ZoneInfo, take: Taker
) -> tuple[str, dict[str, Any]]:
    now = datetime.now(UTC)
    doctor_id, patient_id = uuid.UUID(body["doctor_id"]), uuid.UUID(body["patient_id"])
    with connection.transaction():
        who = connection.execute(_WHO, [doctor_id, patient_id]).fetchone()
        if who is None:
            return "422 Unprocessable Entity", {}
        starts_at = datetime.fromisoformat(body["starts_at"])
        row = {
            "id": uuid7(),
            "interval_id": uuid7(),
            "doctor_id": doctor_id,
            "patient_id": patient_id,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=body.get("duration_minutes") or who[3]),
            "type": body.get("type", "consultation"),
            "reason": body.get("reason"),
            "search_text": (body.get("reason") or "").lower(),
            "now": now,
        }
        if not take(connection, row):
            return "409 Conflict", {"code": "slot_taken"}
        zone = ZoneInfo(who[2]) if who[2] else default_zone
        _tell(connection, row, who, starts_at.astimezone(zone))
    return "201 Created", {"success": True, "data": _shown(row, who, zone), "message": "Appointment booked."}


def _tell(connection: Connection, row: dict[str, Any], who: tuple[Any, ...], local: datetime) -> None:
    """Write history, open the chart, tell the doctor and, by mail, both."""
    own_id, doctor_user_id, now = row["id"], who[4], row["now"]
    connection.execute(_EVENT, [uuid7(), own_id, now, row["starts_at"], row["doctor_id"]])
    day = datetime.combine(local.date(), time(), local.tzinfo)
    opened = [uuid7(), row["patient_id"], own_id, day, day + timedelta(days=1)]
    connection.execute(_RELATIONS, [*opened, uuid7(), row["patient_id"], doctor_user_id, own_id, now])
    when = f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z}"
    notice_id = uuid7()
    connection.execute(_NOTICE, [notice_id, doctor_user_id, own_id, f"Appointment booked: {when}", now, now])
    details = Jsonb(
        {
            "when": when,
            "about": "appointment_booked",
            "appointment_id": str(own_id),
            "doctor_id": str(row["doctor_id"]),
            "starts_at": row["starts_at"].isoformat(),
        }
    )
    to_doctor = [uuid7(), doctor_user_id, details, f"notice:{notice_id}", now, now]
    key = f"appointment_letter:appointment_booked:{own_id}:1"
    connection.execute(_MAILS, [*to_doctor, uuid7(), own_id, details, key, now, now])


def _shown(row: dict[str, Any], who: tuple[Any, ...], zone: ZoneInfo) -> dict[str, Any]:
    doctor_name, patient_name = f"{who[0]} {who[1]}", f"{who[5]} {who[6]}"
    return {
        "id": row["id"],
        "created_at": row["now"],
        "updated_at": row["now"],
        "version": 1,
        "patient": {"id": row["patient_id"], "name": patient_name, "mrn": who[7]},
        "doctor": {"id": row["doctor_id"], "name": doctor_name},
        "patient_id": row["patient_id"],
        "doctor_id": row["doctor_id"],
        "patient_name": patient_name,
        "doctor_name": doctor_name,
        "starts_at": row["starts_at"],
        "ends_at": row["ends_at"],
        "duration_minutes": int((row["ends_at"] - row["starts_at"]).total_seconds() // 60),
        "local_start": row["starts_at"].astimezone(zone).isoformat(),
        "status": "scheduled",
        "type": row["type"],
        "reason": row["reason"],
    }
