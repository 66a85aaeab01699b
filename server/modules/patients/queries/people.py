"""Find patients: lists, ranked search, exact look-up, one by id, likely duplicates."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, false, func, or_, select, text, true
from sqlalchemy.sql import ColumnElement

from server.core import trail as trails
from server.core.access import Actor, Permission, Scope
from server.core.db import is_postgres
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import asked_words, like
from server.core.text import fold, fold_key
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.patients.policies import Perm, Way, is_only_ward, shows_all, visible, way_of, ways

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
    """Select the columns and, row by row, whether this is a ward, and whether the actor may see more than the card."""
    flags = (is_only_ward(actor).label("is_ward"), shows_all(actor).label("shows_all"))
    return select(*(_table.c[name] for name in columns), *flags)


def page_of_patients(
    connection: Connection, actor: Actor, columns: Sequence[str], query: Mapping[str, Any], *, ranked: bool = False
) -> Page:
    """Return one page of the patients in the actor's scope; ranked by how well they match `q`, if asked."""
    stmt = visible(_select(columns, actor), actor, Perm.READ).where(*_filters(query))
    if "possible_duplicate" in query and Scope.ALL not in actor.scopes(Perm.READ):
        stmt = stmt.where(false())  # whoever does not see the mark learns nothing by asking for it
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
    "possible_duplicate": lambda is_flagged: Patient.possible_duplicate == is_flagged,
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
        # The number of a merged patient is on cards and letters for years: it finds who they are now.
        named = select(func.coalesce(Patient.merged_into_id, Patient.id)).where(
            Patient.mrn == query["mrn"].strip().upper()
        )
        stmt = stmt.where(Patient.id.in_(named))
    else:
        stmt = stmt.where(
            Patient.date_of_birth == query["date_of_birth"],
            Patient.last_name_key == fold_key(query["last_name"]),
            Patient.first_name_key == fold_key(query["first_name"]),
        ).order_by(Patient.id)
    return list(connection.execute(stmt).all())


def patient_row(connection: Connection, actor: Actor, columns: Sequence[str], patient_id: uuid.UUID) -> tuple[Any, ...]:
    """Return one patient in the actor's scope with whether to show all of them, or raise `NotFound`."""
    stmt = select(*(_table.c[name] for name in columns), *ways(actor, Perm.READ)).where(
        Patient.id == patient_id, Patient.merged_into_id.is_(None)
    )
    found = connection.execute(stmt).first()
    way = way_of(actor, Perm.READ, found) if found else None
    if found is None or way is None:
        raise NotFound
    note_way(way)
    return (*found[: len(columns)], way.on_behalf_of is not None, way.shows_all)


def note_way(way: Way) -> None:
    """Have the audit row say through which broken glass, or for which ward, a chart was reached."""
    trail = trails.current()
    trail.break_glass_id = way.break_glass_id or trail.break_glass_id
    trail.on_behalf_of = way.on_behalf_of or trail.on_behalf_of


@dataclass(frozen=True, slots=True)
class Found:
    """A patient whom a permission reaches: whose chart it is, how the patient fares, and how it was reached."""

    id: uuid.UUID
    user_id: uuid.UUID | None
    status: str
    way: Way


def in_scope(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID) -> Found | None:
    """Return a patient whom the permission reaches, or None; the audit row learns of glass and proxy."""
    stmt = select(Patient.id, Patient.user_id, Patient.status, *ways(actor, permission))
    found = connection.execute(stmt.where(Patient.id == patient_id)).first()
    way = way_of(actor, permission, found) if found else None
    if found is None or way is None:
        return None
    note_way(way)
    return Found(found.id, found.user_id, found.status, way)


def belongs_to(connection: Connection, actor: Actor, patient_id: uuid.UUID) -> bool:
    """Whether this is the actor's own chart."""
    stmt = select(Patient.id).where(Patient.id == patient_id, Patient.user_id == actor.user_id)
    return connection.execute(stmt).first() is not None


def require_visible(connection: Connection, actor: Actor, patient_id: uuid.UUID) -> None:
    """Raise `NotFound` unless the actor may still see this patient, or who that is after a merge."""
    present = survivor_of(connection, patient_id) or patient_id
    if in_scope(connection, actor, Perm.READ, present) is None:
        raise NotFound


def survivor_of(connection: Connection, patient_id: uuid.UUID) -> uuid.UUID | None:
    """Return into whom a patient was merged, or None."""
    found: uuid.UUID | None = connection.scalar(select(Patient.merged_into_id).where(Patient.id == patient_id))
    return found


def require_unmerged(connection: Connection, patient_id: uuid.UUID) -> None:
    """Raise `NotFound` where a merge has just taken what was read; the request is then answered with the survivor."""
    if survivor_of(connection, patient_id) is not None:
        raise NotFound


def present_page(connection: Connection, patient_id: uuid.UUID, page: Page) -> Page:
    """Return a page of what lies below a patient, unless it is empty because a merge came before it."""
    if not page.rows:
        require_unmerged(connection, patient_id)
    return page


def own_patient_id(connection: Connection, actor: Actor) -> uuid.UUID | None:
    """Return the id of the actor's own chart, if there is one."""
    found: uuid.UUID | None = connection.scalar(select(Patient.id).where(Patient.user_id == actor.user_id))
    return found


def own_patient(connection: Connection, actor: Actor) -> dict[str, Any]:
    """Return the `patient_id` of the actor's own chart, for `/auth/me`."""
    found = own_patient_id(connection, actor)
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
