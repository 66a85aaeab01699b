"""Read calendar tokens, and the appointments that a feed shows."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.sql import ColumnElement

from server.core import clock, state
from server.core.access import Actor, Role, Scope
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment, AppointmentEvent, CalendarToken
from server.modules.appointments.policies import Perm
from server.modules.auth.principals import MAY_ACT
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import RelationSource
from server.modules.patients.models import Patient
from server.modules.patients.models.care import CareRelation
from server.modules.users.models import User, UserRole

LIST = ListSpec(sorts={"created_at": CalendarToken.created_at}, tie=CalendarToken.id, default="-created_at")

PAST = timedelta(days=90)
# What one answer holds at most, of each side: the nearest.
MOST_AHEAD, MOST_PAST = 1_000, 500

_EVENT: tuple[Any, ...] = (
    Appointment.id,
    Appointment.starts_at,
    Appointment.ends_at,
    Appointment.status,
    Appointment.location,
    Appointment.version,
    Appointment.created_at,
    Appointment.updated_at,
    Doctor.title,
    Doctor.first_name,
    Doctor.last_name,
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose feed a token opens: what the account may see now, by its roles."""

    token_id: uuid.UUID
    user_id: uuid.UUID
    is_patient: bool
    is_doctor: bool


@dataclass(frozen=True, slots=True)
class GivenAway:
    """An appointment that went from the reader to another doctor: off, at the time at which it was the reader's."""

    id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime
    status: str = Status.CANCELLED
    location: str | None = None


def digest_of(token: str) -> str:
    """Return what is stored of a token: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def page_of_tokens(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the actor's live tokens, the newest first."""
    shown: tuple[Any, ...] = (CalendarToken.id, CalendarToken.created_at)
    stmt = select(*shown).where(CalendarToken.user_id == actor.user_id, CalendarToken.revoked_at.is_(None))
    return fetch_page(connection, stmt, LIST, query)


def reader_of(connection: Connection, token: str) -> Reader | None:
    """Return whose feed a token opens, or None where it was revoked or its user may not act."""
    roles = select(func.aggregate_strings(UserRole.role, ",")).where(UserRole.user_id == User.id).scalar_subquery()
    stmt = (
        select(CalendarToken.id, CalendarToken.user_id, roles.label("roles"))
        .join(User, User.id == CalendarToken.user_id)
        .where(
            CalendarToken.token_hash == digest_of(token),
            CalendarToken.revoked_at.is_(None),
            User.status.in_(MAY_ACT),
        )
    )
    found = connection.execute(stmt).first()
    if found is None:
        return None
    scopes = state.grid().scopes(Perm.READ, [Role(role) for role in (found.roles or "").split(",") if role])
    return Reader(found.id, found.user_id, is_patient=Scope.OWN in scopes, is_doctor=Scope.RELATED in scopes)


def events_of(connection: Connection, reader: Reader) -> Iterator[tuple[Any, bool]]:
    """Yield the appointments of a feed, cancelled and given away ones too, and whether the reader is the patient."""
    if reader.is_patient:
        for row in _near(connection, Patient.user_id == reader.user_id):
            yield row, True
    if reader.is_doctor:
        for row in _near(connection, Doctor.user_id == reader.user_id):
            yield row, False
        for gone in _given_away(connection, reader.user_id):
            yield gone, False


def _near(connection: Connection, is_own: ColumnElement[bool]) -> list[Any]:
    now = clock.now()
    starts_at = Appointment.starts_at
    stmt: Select[Any] = (
        select(*_EVENT)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(is_own)
    )
    horizon = now + timedelta(days=state.settings().booking_horizon_days + 1)
    ahead = stmt.where(starts_at >= now, starts_at < horizon).order_by(starts_at, Appointment.id).limit(MOST_AHEAD)
    past = stmt.where(starts_at < now, starts_at >= now - PAST).order_by(starts_at.desc()).limit(MOST_PAST)
    return [*reversed(connection.execute(past).all()), *connection.execute(ahead).all()]


def _given_away(connection: Connection, user_id: uuid.UUID) -> list[GivenAway]:
    """Return what other doctors have now, each at the time of its last hand-over; charts that were open lead there."""
    now, mine = clock.now(), select(Doctor.id).where(Doctor.user_id == user_id)
    had = select(CareRelation.source_id).where(
        CareRelation.user_id == user_id,
        CareRelation.source == RelationSource.APPOINTMENT,
        CareRelation.ends_at.is_not(None),
    )
    stmt: Select[Any] = (
        select(*_EVENT[:3], AppointmentEvent.from_starts_at, *_EVENT[5:8])
        .join(AppointmentEvent, AppointmentEvent.appointment_id == Appointment.id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            Appointment.id.in_(had),
            Appointment.doctor_id.not_in(mine),
            Patient.user_id.is_distinct_from(user_id),
            AppointmentEvent.from_doctor_id.in_(mine),
            AppointmentEvent.to_doctor_id.not_in(mine),
            AppointmentEvent.from_starts_at >= now - PAST,
        )
        .order_by(AppointmentEvent.id.desc())
        .limit(MOST_PAST)
    )
    last = {row.id: row for row in reversed(connection.execute(stmt).all())}
    return [
        GivenAway(
            id=row.id,
            starts_at=row.from_starts_at,
            ends_at=row.from_starts_at + (row.ends_at - row.starts_at),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in sorted(last.values(), key=lambda row: row.from_starts_at)
    ]
