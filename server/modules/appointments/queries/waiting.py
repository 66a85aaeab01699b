"""Read the waiting list: whose entries a caller reaches, who fits time that came free, what has lapsed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, false, or_, select, true, tuple_, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.access import Actor, Scope
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.appointments.enums import WaitStatus
from server.modules.appointments.models import TakenInterval, WaitlistEntry
from server.modules.appointments.policies import Perm, own_calendar
from server.modules.appointments.schemas.waiting import WaitlistOut
from server.modules.doctors.models import Doctor, DoctorSpecialty, Specialty
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.patients.policies import own_charts, wards_of
from server.modules.patients.queries.people import survivor_of

PAGE = 100

_table, _offering = WaitlistEntry.__table__, aliased(Doctor)
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    "specialty_code": Specialty.code.label("specialty_code"),
    "specialty_name": Specialty.name.label("specialty_name"),
    "offer_first_name": _offering.first_name.label("offer_first_name"),
    "offer_last_name": _offering.last_name.label("offer_last_name"),
}
COLUMNS = tuple(columns_of(WaitlistOut))
LIST = ListSpec(sorts={"created_at": WaitlistEntry.created_at}, tie=WaitlistEntry.id, default="created_at")


def in_reach(actor: Actor) -> ColumnElement[bool]:
    """Return "the actor manages this entry": any, or those of the own calendar, the own chart and wards."""
    scopes = actor.scopes(Perm.BOOK)
    if Scope.ALL in scopes:
        return true()
    if Scope.OWN not in scopes:
        return false()
    own: list[Select[Any]] = [
        select(_table.c.id).where(_table.c.doctor_id.in_(own_calendar(actor))),
        select(_table.c.id).where(_table.c.patient_id.in_(own_charts(actor))),
    ]
    wards = wards_of(actor, Perm.BOOK)
    if wards is not None:
        own.append(select(_table.c.id).where(_table.c.patient_id.in_(wards)))
    return WaitlistEntry.id.in_(union_all(*own))


def _shown_to(actor: Actor) -> Select[Any]:
    return (
        select(*(_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS))
        .select_from(WaitlistEntry)
        .join(Patient, Patient.id == WaitlistEntry.patient_id)
        .outerjoin(Doctor, Doctor.id == WaitlistEntry.doctor_id)
        .outerjoin(Specialty, Specialty.id == WaitlistEntry.specialty_id)
        .outerjoin(_offering, _offering.id == WaitlistEntry.offer_doctor_id)
        .where(in_reach(actor))
    )


def page_of_entries(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the entries in the actor's reach, who waits longest first."""
    asked = [_table.c[name] == query[name] for name in ("status", "doctor_id", "patient_id") if name in query]
    page = fetch_page(connection, _shown_to(actor).where(*asked), LIST, query)
    survivor_id = survivor_of(connection, query["patient_id"]) if "patient_id" in query and not page.rows else None
    return page if survivor_id is None else page_of_entries(connection, actor, {**query, "patient_id": survivor_id})


def entry_row(connection: Connection, actor: Actor, entry_id: uuid.UUID) -> Row[Any]:
    """Return one entry in the actor's reach, or raise `NotFound`."""
    found = connection.execute(_shown_to(actor).where(WaitlistEntry.id == entry_id)).first()
    if found is None:
        raise NotFound
    return found


def require_visible(connection: Connection, actor: Actor, entry_id: uuid.UUID) -> None:
    """Raise `NotFound` unless the actor reaches this entry."""
    stmt = select(WaitlistEntry.id).where(WaitlistEntry.id == entry_id, in_reach(actor))
    if connection.execute(stmt).first() is None:
        raise NotFound


def waiting_for(
    connection: Connection, *, doctor_id: uuid.UUID, since: date, until: date, but: uuid.UUID | None
) -> Iterator[Row[Any]]:
    """Yield who waits for a doctor, or for one like them, on some day of a range; who waits longest comes first."""
    practised = select(DoctorSpecialty.specialty_id).where(DoctorSpecialty.doctor_id == doctor_id)
    waits = _table.c.status == WaitStatus.WAITING
    of_doctor = select(_table.c.id).where(_table.c.doctor_id == doctor_id, waits)
    of_specialty = select(_table.c.id).where(_table.c.specialty_id.in_(practised), waits)
    patients = Patient.__table__
    key = (_table.c.created_at, _table.c.id)
    stmt = (
        select(*key, *(_table.c[name] for name in ("patient_id", "first_day", "last_day", "days", "duration_minutes")))
        .join(patients, patients.c.id == _table.c.patient_id)
        .where(
            _table.c.id.in_(union_all(of_doctor, of_specialty)),
            _table.c.first_day <= until,
            _table.c.last_day >= since,
            patients.c.status == PatientStatus.ACTIVE,
        )
        .order_by(*key)
        .limit(PAGE)
    )
    if but is not None:
        stmt = stmt.where(_table.c.patient_id != but)
    page = connection.execute(stmt).all()
    while page:
        yield from page
        if len(page) < PAGE:
            return
        page = connection.execute(stmt.where(tuple_(*key) > (page[-1].created_at, page[-1].id))).all()


def is_busy(connection: Connection, patient_id: uuid.UUID, since: datetime, until: datetime) -> bool:
    """Whether a patient has other time, or an offer of it, at once; no lock: it is for whom to ask, not for booking."""
    taken, now = TakenInterval.__table__, clock.now()
    has_time = exists().where(
        taken.c.patient_id == patient_id,
        taken.c.starts_at < until,
        taken.c.ends_at > since,
        or_(taken.c.expires_at.is_(None), taken.c.expires_at > now),
    )
    is_offered = exists().where(
        _table.c.patient_id == patient_id,
        _table.c.status == WaitStatus.OFFERED,
        _table.c.offer_expires_at > now,
        _table.c.offer_starts_at < until,
        _table.c.offer_ends_at > since,
    )
    return bool(connection.scalar(select(or_(has_time, is_offered))))


def lapsed_offers(connection: Connection, now: datetime) -> list[uuid.UUID]:
    """Return the entries whose offer has run out, those that did first at the head."""
    has_lapsed = (_table.c.status == WaitStatus.OFFERED, _table.c.offer_expires_at <= now)
    stmt = select(_table.c.id).where(*has_lapsed).order_by(_table.c.offer_expires_at).limit(PAGE)
    return list(connection.scalars(stmt))


def outwaited(connection: Connection, today: date) -> list[uuid.UUID]:
    """Return entries whose last day is over."""
    is_over = (_table.c.status == WaitStatus.WAITING, _table.c.last_day < today)
    return list(connection.scalars(select(_table.c.id).where(*is_over).order_by(_table.c.id).limit(PAGE)))
