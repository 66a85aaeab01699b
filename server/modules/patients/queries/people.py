"""Find patients: lists, ranked search, exact look-up, one by id, likely duplicates."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, false, or_, select, text, true
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Permission, Scope
from server.core.db import is_postgres
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import asked_words, like
from server.core.text import fold, fold_key
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.patients.policies import Perm, shows_all, visible

LOOKUP_LIMIT = 5
CANDIDATE_LIMIT = 5
SIMILAR = 0.85
_TRIGRAM = 3
_HIDDEN = (PatientStatus.INACTIVE, PatientStatus.MERGED)

LIST = ListSpec(
    sorts={"last_name": Patient.last_name_key, "created_at": Patient.created_at, "mrn": Patient.number},
    tie=Patient.id,
    default="last_name",
)

_table = Patient.__table__


def _select(columns: Sequence[str], actor: Actor) -> Select[Any]:
    """Select the columns and, row by row, whether the actor may see more than the card."""
    return select(*(_table.c[name] for name in columns), shows_all(actor).label("shows_all"))


def page_of_patients(
    connection: Connection, actor: Actor, columns: Sequence[str], query: Mapping[str, Any], *, ranked: bool = False
) -> Page:
    """Return one page of the patients in the actor's scope; ranked by how well they match `q`, if asked."""
    stmt = visible(_select(columns, actor), actor, Perm.READ).where(*_filters(query))
    if Scope.CARD in actor.scopes(Perm.READ):
        stmt = stmt.where(_found_by_card(actor, query))
    ranks: list[ColumnElement[int]] = []
    if "q" in query:
        words = asked_words(query["q"])
        stmt = stmt.where(*matches(connection, words))
        if ranked:
            ranks.append(_rank(words))
    return fetch_page(connection, stmt, LIST, query, first=ranks)


def _found_by_card(actor: Actor, query: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return "found by what the caller sees": nobody learns an e-mail or a city by searching for it."""
    by_card: list[ColumnElement[bool]] = [false()] if _OFF_CARD & query.keys() else [true()]
    if "q" in query:
        by_card += [Patient.card_text.like(f"%{like(word)}%", escape="\\") for word in asked_words(query["q"])]
    return or_(shows_all(actor), and_(*by_card))


_OFF_CARD = frozenset({"city", "doctor_id"})


def _in_names(word: str) -> ColumnElement[bool]:
    pattern = f"%{like(word)}%"
    return or_(Patient.last_name_key.like(pattern, escape="\\"), Patient.first_name_key.like(pattern, escape="\\"))


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "status": lambda status: Patient.status == status,
    "sex": lambda sex: Patient.sex == sex,
    "gender": lambda sex: Patient.sex == sex,
    "born_from": lambda day: Patient.date_of_birth >= day,
    "born_to": lambda day: Patient.date_of_birth <= day,
    "doctor_id": lambda doctor_id: Patient.primary_doctor_id == doctor_id,
    "name": lambda name: and_(*(_in_names(word) for word in asked_words(name))),
    "city": lambda city: Patient.city_key == fold_key(city),
}


def _filters(query: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    found = [condition(query[name]) for name, condition in _FILTERS.items() if name in query]
    return found if "status" in query else [*found, Patient.status.not_in(_HIDDEN)]


def matches(connection: Connection, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return "every word occurs in the search text"; SQLite narrows by its trigram index first, PostgreSQL by GIN."""
    found: list[ColumnElement[bool]] = [Patient.search_text.like(f"%{like(word)}%", escape="\\") for word in words]
    indexed = [word for word in words if len(word) >= _TRIGRAM]
    if indexed and not is_postgres(connection):
        asked = " AND ".join(f'"{word}"' for word in indexed)
        hits = text("SELECT rowid FROM patients_search WHERE patients_search MATCH :asked").bindparams(asked=asked)
        found.append(Patient.number.in_(hits))
    return found


def _rank(words: Sequence[str]) -> ColumnElement[int]:
    """Return 0 where each word is a whole word of the patient's, 1 where it begins one, 2 otherwise."""
    whole = and_(*(Patient.search_text.like(f"% {like(word)} %", escape="\\") for word in words))
    begins = and_(*(Patient.search_text.like(f"% {like(word)}%", escape="\\") for word in words))
    return case((whole, 0), (begins, 1), else_=2)


def look_up(connection: Connection, columns: Sequence[str], query: Mapping[str, Any]) -> list[Row[Any]]:
    """Return at most five patients of the whole clinic who match exactly, case and accents aside."""
    stmt = select(*(_table.c[name] for name in columns)).where(Patient.status.not_in(_HIDDEN)).limit(LOOKUP_LIMIT)
    if "mrn" in query:
        stmt = stmt.where(Patient.mrn == query["mrn"].strip().upper())
    else:
        stmt = stmt.where(
            Patient.date_of_birth == query["date_of_birth"],
            Patient.last_name_key == fold_key(query["last_name"]),
            Patient.first_name_key == fold_key(query["first_name"]),
        ).order_by(Patient.id)
    return list(connection.execute(stmt).all())


def patient_row(connection: Connection, actor: Actor, columns: Sequence[str], patient_id: uuid.UUID) -> Row[Any]:
    """Return one patient in the actor's scope, or raise `NotFound`."""
    stmt = visible(_select(columns, actor), actor, Perm.READ).where(Patient.id == patient_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found


_IDENTITY: tuple[Any, ...] = (Patient.id, Patient.user_id, Patient.status)


def in_scope(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID) -> Row[Any] | None:
    """Return id, user and status of a patient whom the permission reaches, or None."""
    stmt: Select[Any] = select(*_IDENTITY)
    return connection.execute(visible(stmt.where(Patient.id == patient_id), actor, permission)).first()


def belongs_to(connection: Connection, actor: Actor, patient_id: uuid.UUID) -> bool:
    """Whether this is the actor's own chart."""
    stmt = select(Patient.id).where(Patient.id == patient_id, Patient.user_id == actor.user_id)
    return connection.execute(stmt).first() is not None


def require_visible(connection: Connection, actor: Actor, patient_id: uuid.UUID) -> None:
    """Raise `NotFound` unless the actor may still see this patient."""
    if in_scope(connection, actor, Perm.READ, patient_id) is None:
        raise NotFound


def own_patient(connection: Connection, actor: Actor) -> dict[str, Any]:
    """Return the `patient_id` of the actor's own chart, for `/auth/me`."""
    found = connection.scalar(select(Patient.id).where(Patient.user_id == actor.user_id))
    return {"patient_id": found} if found else {}


def likely_duplicates(
    connection: Connection,
    columns: Sequence[str],
    *,
    first_name: str,
    last_name: str,
    date_of_birth: date,
    phone: str | None,
    email_key: str | None,
) -> list[Row[Any]]:
    """Return up to five patients with this birth date and a similar name, or with this phone or e-mail.

    Names are similar when their folded words, in any order, match to 85 % by Ratcliff and Obershelp's measure.
    """
    same: list[ColumnElement[bool]] = [Patient.date_of_birth == date_of_birth]
    if phone:
        same.append(Patient.phone == phone)
    if email_key:
        same.append(Patient.email_key == email_key)
    wanted = _sorted_words(first_name, last_name)
    compared = (Patient.first_name, Patient.last_name, Patient.phone, Patient.email_key)
    stmt = (
        select(*(_table.c[name] for name in columns), *(column.label(f"_{column.key}") for column in compared))
        .where(or_(*same), Patient.status != PatientStatus.MERGED)
        .order_by(Patient.id)
    )
    found = []
    for row in connection.execute(stmt):
        is_reached = (phone and row._phone == phone) or (email_key and row._email_key == email_key)
        theirs = _sorted_words(row._first_name, row._last_name)
        if is_reached or SequenceMatcher(None, wanted, theirs).ratio() >= SIMILAR:
            found.append(row)
    return found[:CANDIDATE_LIMIT]


def _sorted_words(first: str, last: str) -> str:
    return " ".join(sorted(fold(f"{first} {last}")))
