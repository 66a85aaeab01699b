"""Find appointments: lists, search, one by id, one's own, those still standing in a range, and what became of one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select, union_all
from sqlalchemy.sql import ColumnElement

from server.core import clock
from server.core.access import Actor, Permission, Scope
from server.core.clock import begin_of, end_of
from server.core.direct import fetch_one
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.kept import asker, kept
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import asked_words, like
from server.modules.appointments.enums import LIVE
from server.modules.appointments.models import Appointment, AppointmentEvent
from server.modules.appointments.policies import (
    Perm,
    is_only_ward,
    is_own_calendar,
    mine,
    own_calendar,
    reaches_patients,
    shows_all,
    visible,
)
from server.modules.appointments.queries.facts import LONGEST_VISIT
from server.modules.appointments.schemas.appointment import AppointmentOut, HistoryOut, When
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.patients.policies import Way, shows_all as shows_all_of_patient, way_of, ways
from server.modules.patients.queries.people import matches, note_way, survivor_of
from server.modules.users.models import User

_table = Appointment.__table__
# A word that so many appointments have is common.
_COMMON = 10_000
# Columns of an answer that are not the appointment's own.
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    "doctor_timezone": Doctor.timezone.label("doctor_timezone"),
}
COLUMNS = tuple(columns_of(AppointmentOut))
HISTORY = tuple(columns_of(HistoryOut))

LIST = ListSpec(
    sorts={"starts_at": Appointment.starts_at, "created_at": Appointment.created_at},
    tie=Appointment.id,
    default="starts_at",
)
_LATEST_FIRST = ListSpec(sorts=LIST.sorts, tie=LIST.tie, default="-starts_at")
_HISTORY_LIST = ListSpec(sorts={"at": AppointmentEvent.id}, tie=AppointmentEvent.id, default="at")


def _columns(names: Sequence[str]) -> list[Any]:
    return [_JOINED[name] if name in _JOINED else _table.c[name] for name in names]


def joined(*columns: Any) -> Select[Any]:
    """Select from appointments with patient and doctor; a database leaves the joins out where they are not asked."""
    return (
        select(*_columns(COLUMNS), *columns)
        .select_from(Appointment)
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(Doctor, Doctor.id == Appointment.doctor_id)
    )


def _shown_to(actor: Actor) -> Select[Any]:
    """Select the columns and, row by row, whether this is of a ward, and whether the actor sees more than the card."""
    return joined(is_only_ward(actor).label("is_ward"), shows_all(actor).label("shows_all"))


def page_of_appointments(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the appointments in the actor's scope."""
    filters, is_narrow = _filters(connection, actor, query)
    # What patients reach is always less than what they ask for.
    is_narrow = is_narrow and Scope.RELATED in actor.scopes(Perm.READ)
    stmt = visible(_shown_to(actor), actor, Perm.READ, is_narrow=is_narrow).where(*filters)
    page = fetch_page(connection, stmt, LIST, query)
    survivor_id = survivor_of(connection, query["patient_id"]) if "patient_id" in query and not page.rows else None
    return (
        page if survivor_id is None else page_of_appointments(connection, actor, {**query, "patient_id": survivor_id})
    )


def page_of_own(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the actor's appointments as a patient, those of wards included."""
    return _own(connection, actor, mine(actor), query)


def page_of_calendar(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of the actor's appointments as a doctor, all of which reading reaches."""
    return _own(connection, actor, Appointment.doctor_id.in_(own_calendar(actor)), query)


def _own(connection: Connection, actor: Actor, is_own: ColumnElement[bool], query: Mapping[str, Any]) -> Page:
    filters, _ = _filters(connection, actor, query)
    spec = _LATEST_FIRST if query.get("when") == When.PAST else LIST
    return fetch_page(connection, _shown_to(actor).where(is_own, *filters), spec, query)


def _upcoming(query: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return "is not over"; what was cancelled is over, unless it is asked for by its status."""
    now = clock.now()
    ahead = and_(Appointment.ends_at > now, Appointment.starts_at > now - LONGEST_VISIT)
    return ahead if "status" in query else and_(ahead, Appointment.status.in_(LIVE))


def _past(_query: Mapping[str, Any]) -> ColumnElement[bool]:
    now = clock.now()
    return and_(Appointment.starts_at <= now, or_(Appointment.ends_at <= now, Appointment.status.not_in(LIVE)))


def _today(_query: Mapping[str, Any]) -> ColumnElement[bool]:
    today = clock.today()
    return and_(Appointment.starts_at >= begin_of(today), Appointment.starts_at < end_of(today))


_WHEN: Mapping[str, Callable[[Mapping[str, Any]], ColumnElement[bool]]] = {
    When.UPCOMING: _upcoming,
    When.PAST: _past,
    When.TODAY: _today,
}
_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "patient_id": lambda patient_id: Appointment.patient_id == patient_id,
    "doctor_id": lambda doctor_id: Appointment.doctor_id == doctor_id,
    "series_id": lambda series_id: Appointment.series_id == series_id,
    "status": Appointment.status.in_,
    "type": lambda kind: Appointment.type == kind,
    "from": lambda bound: Appointment.starts_at >= begin_of(bound),
    "to": lambda bound: Appointment.starts_at < end_of(bound),
}


def _filters(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> tuple[list[ColumnElement[bool]], bool]:
    """Return what a query asks for, and whether that is so little that each row can be looked at."""
    found = [condition(query[name]) for name, condition in _FILTERS.items() if name in query]
    if "when" in query:
        found.append(_WHEN[query["when"]](query))
    is_narrow = bool({"patient_id", "doctor_id"} & query.keys()) or {"from", "to"} <= query.keys()
    if "q" in query:
        matching, is_rare = _matching(connection, actor, asked_words(query["q"]))
        found += matching
        is_narrow = is_narrow or is_rare
    return found, is_narrow


def _matching(connection: Connection, actor: Actor, words: Sequence[str]) -> tuple[list[ColumnElement[bool]], bool]:
    """Return "each word occurs in what the actor sees of patient, doctor or reason", and whether the longest is rare.

    A rare word is found by the indexes, one part of a union for each of the three, and the others are compared with
    what that has found. Where even the longest word is common, every row is compared until the page is full.
    """
    longest, *others = sorted(words, key=len, reverse=True)
    parts: list[Select[Any]] = [
        select(Appointment.id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(*matches(connection, [longest]), _by_seen_facts(actor, longest)),
        select(Appointment.id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .where(_has(Doctor.search_text, longest)),
        select(Appointment.id).where(_by_reason(actor, longest)),
    ]
    candidates = union_all(*(part.correlate(None) for part in parts))
    counted = select(func.count()).select_from(candidates.limit(_COMMON).subquery())
    is_rare = (connection.scalar(counted) or 0) < _COMMON
    found = [Appointment.id.in_(candidates)] if is_rare else []
    return [*found, *(_occurs(actor, word) for word in (others if is_rare else words))], is_rare


def _occurs(actor: Actor, word: str) -> ColumnElement[bool]:
    in_patient = and_(_has(Patient.search_text, word), _by_seen_facts(actor, word))
    return or_(in_patient, _has(Doctor.search_text, word), _by_reason(actor, word))


def _has(column: Any, word: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.like(f"%{like(word)}%", escape="\\")
    return found


def _by_seen_facts(actor: Actor, word: str) -> ColumnElement[bool]:
    """Return "found by what the actor sees of the patient": nobody learns an e-mail by searching for it."""
    return or_(shows_all_of_patient(actor), _has(Patient.card_text, word))


def _by_reason(actor: Actor, word: str) -> ColumnElement[bool]:
    return and_(_has(Appointment.search_text, word), shows_all(actor))


@dataclass(frozen=True, slots=True)
class Found:
    """An appointment that a permission reaches: whose, and whether to show more than the card."""

    id: uuid.UUID
    patient_id: uuid.UUID
    way: Way


def one_row(
    connection: Connection, actor: Actor, appointment_id: uuid.UUID, permission: Permission = Perm.READ
) -> tuple[Any, ...]:
    """Return `COLUMNS` of one appointment that the permission reaches, and whether to show all, or raise `NotFound`."""
    found = fetch_one(connection, _one(actor, permission), asker(actor) | {"appointment_id": appointment_id})
    way = _way(actor, permission, found)
    if found is None or way is None:
        raise NotFound
    note_way(way)
    return (*found[: len(COLUMNS)], way.shows_all)


def in_scope(connection: Connection, actor: Actor, permission: Permission, appointment_id: uuid.UUID) -> Found | None:
    """Return an appointment that the permission reaches, or None; the audit row learns of glass and proxy."""
    found = fetch_one(connection, _whose(actor, permission), asker(actor) | {"appointment_id": appointment_id})
    way = _way(actor, permission, found)
    if found is None or way is None:
        return None
    note_way(way)
    return Found(found.id, found.patient_id, way)


@kept
def _one(actor: Actor, permission: Permission) -> Select[Any]:
    return _with_ways(joined(), actor, permission)


@kept
def _whose(actor: Actor, permission: Permission) -> Select[Any]:
    return _with_ways(joined().with_only_columns(*_columns(("id", "patient_id"))), actor, permission)


def _with_ways(stmt: Select[Any], actor: Actor, permission: Permission) -> Select[Any]:
    stmt = stmt.add_columns(*ways(actor, permission), is_own_calendar(actor).label("is_own_calendar"))
    return stmt.where(Appointment.id == bindparam("appointment_id"))


def _way(actor: Actor, permission: Permission, found: Row[Any] | None) -> Way | None:
    if found is None:
        return None
    if found.is_own_calendar and {Scope.RELATED, Scope.OWN} & actor.scopes(permission):
        return Way(shows_all=True, is_by_glass=False, break_glass_id=found.glass_id, on_behalf_of=None)
    if not reaches_patients(actor, permission):
        return None
    return way_of(actor, permission, found, patient_id=found.patient_id)


_VERSION = select(_table.c.version).where(_table.c.id == bindparam("appointment_id"))


def version_of(connection: Connection, appointment_id: uuid.UUID) -> int | None:
    """Return the version of an appointment as it stands, or None where there is none."""
    version: int | None = connection.scalar(_VERSION, {"appointment_id": appointment_id})
    return version


def require_visible(connection: Connection, actor: Actor, appointment_id: uuid.UUID) -> None:
    """Raise `NotFound` unless the actor may still see, or still book for, whose appointment this is."""
    held = [permission for permission in (Perm.READ, Perm.BOOK) if actor.can(permission)]
    if not any(in_scope(connection, actor, permission, appointment_id) for permission in held):
        raise NotFound


_LIVE_COLUMNS = (
    *("id", "patient_id", "patient_first_name", "patient_last_name", "patient_mrn"),
    *("doctor_id", "doctor_first_name", "doctor_last_name", "doctor_timezone"),
    *("starts_at", "ends_at", "status", "type"),
)


def live_between(
    connection: Connection, *, doctor_id: uuid.UUID | None, since: datetime, until: datetime
) -> Sequence[Row[Any]]:
    """Return the live bookings of one doctor, or of all, that start in a range, the end excluded, in their order."""
    stmt = joined().with_only_columns(*_columns(_LIVE_COLUMNS), maintain_column_froms=True)
    stmt = stmt.where(
        Appointment.starts_at >= since, Appointment.starts_at < until, Appointment.status.in_(LIVE)
    ).order_by(Appointment.starts_at, Appointment.id)
    if doctor_id is not None:
        stmt = stmt.where(Appointment.doctor_id == doctor_id)
    return connection.execute(stmt).all()


def page_of_history(connection: Connection, appointment_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of what became of an appointment, oldest first."""
    events, names = AppointmentEvent.__table__, {"first_name": User.first_name, "last_name": User.last_name}
    stmt: Select[Any] = (
        select(*(names[name] if name in names else events.c[name] for name in HISTORY))
        .select_from(AppointmentEvent)
        .outerjoin(User, User.id == AppointmentEvent.actor_id)
        .where(AppointmentEvent.appointment_id == appointment_id)
    )
    return fetch_page(connection, stmt, _HISTORY_LIST, query)
