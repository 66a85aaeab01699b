"""Fill a migrated PostgreSQL with doctors and their hours, and with appointments in past and future.

Half of the doctors are busy: they have the appointments, most of each day long. The others are free: bookings are
measured on them. All work from Monday to Friday, nine to five by the clinic's clock, in visits of half an hour.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.seed import BEGINS, FAMILY, GIVEN, copy, id_of, words

DOCTORS = 400
BUSY = DOCTORS // 2
OPENS, CLOSES, MINUTES = 9 * 60, 17 * 60, 30
PER_DAY = (CLOSES - OPENS) // MINUTES
# Of the sixteen visits of a day so many are booked.
BOOKED = tuple(place for place in range(PER_DAY) if place % 5 != 3)
# Bookings reach as far as the horizon of 180 days less a week; what is more lies in the past.
DAYS_AHEAD = 120

_USER = words(
    "id email email_key first_name last_name status mfa_enabled last_name_key search_text created_at updated_at version"
)
_DOCTOR = words(
    "id user_id first_name last_name title qualifications languages city default_duration_minutes status"
    " rating_count rating_sum rating_thousandths calendar_version last_name_key city_key fee_key language_keys"
    " search_text created_at updated_at version"
)
_WINDOW = words(
    "id doctor_id weekday start_minute end_minute slot_minutes buffer_before buffer_after capacity created_at"
    " updated_at version"
)
_APPOINTMENT = words(
    "id patient_id doctor_id starts_at ends_at status type timed_at search_text created_at updated_at version"
)
_INTERVAL = words("id doctor_id seat busy_from busy_to patient_id starts_at ends_at kind appointment_id created_at")


def _numbers() -> range:
    return range(1, DOCTORS + 1)


def doctor_id(number: int) -> uuid.UUID:
    """Return the id of the nth doctor; the first half are busy, the second half free."""
    return uuid.UUID(id_of(2, number))


def free_doctor(number: int) -> uuid.UUID:
    """Return the id of one of the free doctors."""
    return doctor_id(BUSY + 1 + number % (DOCTORS - BUSY))


def working_days(first: date, step: int = 1) -> Iterator[date]:
    """Yield working days from one on, forwards or backwards."""
    day = first
    while True:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=step)


def starts_at(day: date, place: int, zone: ZoneInfo) -> datetime:
    """Return when the nth visit of a day begins."""
    hour, minute = divmod(OPENS + place * MINUTES, 60)
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def _users() -> Iterator[tuple[str, ...]]:
    at = BEGINS.isoformat()
    for number in _numbers():
        email, last = f"doctor{number}@example.com", FAMILY[number % len(FAMILY)]
        names = (GIVEN[number % len(GIVEN)], last)
        text = f" {last.lower()} doctor{number} example com "
        yield (id_of(6, number), email, email, *names, "active", "false", last.lower(), text, at, at, "1")


def _doctors() -> Iterator[tuple[str, ...]]:
    at = BEGINS.isoformat()
    for number in _numbers():
        first, last = GIVEN[number % len(GIVEN)], FAMILY[number % len(FAMILY)]
        text = f" {last.lower()} {first.lower()} springfield "
        yield (
            *(
                str(doctor_id(number)),
                id_of(6, number),
                first,
                last,
                "Dr.",
                "[]",
                '["en"]',
                "Springfield",
                str(MINUTES),
            ),
            *("active", "0", "0", "0", "0", last.lower(), "springfield", "0", " en ", text, at, at, "1"),
        )


def _windows() -> Iterator[tuple[str, ...]]:
    at = BEGINS.isoformat()
    for number in _numbers():
        for weekday in range(5):
            own_id = id_of(3, number * 7 + weekday)
            minutes = (str(OPENS), str(CLOSES), str(MINUTES))
            yield (own_id, str(doctor_id(number)), str(weekday), *minutes, "0", "0", "1", at, at, "1")


def _times(today: date, zone: ZoneInfo) -> Iterator[tuple[int, datetime]]:
    """Yield doctor and start of visits without end: first the days to come, then the days before."""
    last = today + timedelta(days=DAYS_AHEAD)
    ahead = itertools.takewhile(lambda day: day <= last, working_days(today + timedelta(days=1)))
    for day in itertools.chain(ahead, working_days(today - timedelta(days=1), -1)):
        starts = [starts_at(day, place, zone) for place in BOOKED]
        yield from itertools.product(range(1, BUSY + 1), starts)


def _visits(count: int, patients: int, today: date, zone: ZoneInfo) -> Iterator[tuple[int, int, int, datetime]]:
    """Yield number, patient, doctor and start. No patient is at two doctors at once: at any time there are few."""
    for number, (doctor, start) in enumerate(itertools.islice(_times(today, zone), count), 1):
        yield number, number % patients + 1, doctor, start


def fill_calendar(
    connection: psycopg.Connection[tuple[Any, ...]], *, patients: int, appointments: int, zone: ZoneInfo
) -> None:
    """Put doctors with their accounts and hours, and appointments with the time that they take, into empty tables."""
    copy(connection, "users", _USER, _users())
    copy(connection, "user_roles", ("user_id", "role"), ((id_of(6, number), "doctor") for number in _numbers()))
    copy(connection, "doctors", _DOCTOR, _doctors())
    copy(connection, "availability_windows", _WINDOW, _windows())
    if not appointments:
        return
    today = datetime.now(zone).date()
    visits = list(_visits(appointments, patients, today, zone))
    copy(connection, "appointments", _APPOINTMENT, (_appointment(*visit) for visit in visits))
    copy(connection, "taken_intervals", _INTERVAL, (_interval(*visit) for visit in visits))


def _appointment(number: int, patient: int, doctor: int, start: datetime) -> tuple[str, ...]:
    at, end = start.isoformat(), (start + timedelta(minutes=MINUTES)).isoformat()
    status = "completed" if start < datetime.now(UTC) else "scheduled"
    made = BEGINS.isoformat()
    return (
        *(id_of(4, number), id_of(1, patient), id_of(2, doctor), at, end, status, "consultation", made, ""),
        *(made, made, "1"),
    )


def _interval(number: int, patient: int, doctor: int, start: datetime) -> tuple[str, ...]:
    at, end = start.isoformat(), (start + timedelta(minutes=MINUTES)).isoformat()
    taken = (id_of(5, number), id_of(2, doctor), "0", at, end, id_of(1, patient), at, end)
    return (*taken, "booking", id_of(4, number), BEGINS.isoformat())
