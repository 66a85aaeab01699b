"""Find patients: lists, ranked search, exact look-up, one by id, likely duplicates."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, case, column, false, func, or_, select, table, true
from sqlalchemy.sql import ColumnElement

from server.core import trail as trails
from server.core.access import Actor, Permission, Scope
from server.core.db import is_postgres
from server.core.direct import fetch_one
from server.core.errors import NotFound
from server.core.kept import Filter, Form, ask, asker, conditions, kept
from server.core.listing import ListSpec, Page, fetch_page
from server.core.ranking import Search, fetch_ranked
from server.core.search import asked_words, like, patterns
from server.core.text import fold, fold_key
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient
from server.modules.patients.policies import Perm, Way, is_only_ward, shows_all, visible, way_of, ways
from server.modules.patients.shown import details

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


def page_of_patients(
    connection: Connection, actor: Actor, columns: Sequence[str], query: Mapping[str, Any], *, ranked: bool = False
) -> Page:
    """Return one page of the patients in the actor's scope; ranked by how well they match `q`, if asked."""
    form, values = ask(_FILTERS, query)
    words = asked_words(query["q"]) if "q" in query else []
    hits = "" if is_postgres(connection) else _indexed(words)
    if hits:
        values["hits"] = hits
    stmt = _page(actor, tuple(columns), form, bool(hits))
    values |= asker(actor)
    if not (words and ranked) or query.get("sort"):
        return fetch_page(connection, stmt, LIST, query, values=values)
    by_row = _page(actor, tuple(columns), tuple(("q_by_row", n) if name == "q" else (name, n) for name, n in form))
    values |= {f"q_by_row_{number}": values[f"q_{number}"] for number in range(len(words))} | _rank_values(words)
    search = Search(stmt, by_row, values, rank=_rank(len(words)), at=partial(_last_name_in, connection, words))
    return fetch_ranked(connection, search, LIST, query)


def _last_name_in(connection: Connection, words: Sequence[str]) -> str:
    """Return the first of some words with which a last name begins; the rows of one are beside each other."""
    for word in words if len(words) > 1 else ():
        stmt = select(Patient.last_name_key).where(Patient.last_name_key >= word).order_by(Patient.last_name_key)
        if (connection.scalar(stmt.limit(1)) or "").startswith(word):
            return word
    return words[0]


@kept
def _page(actor: Actor, columns: tuple[str, ...], form: Form, has_hits: bool = False) -> Select[Any]:
    """Select the columns and, row by row, whether this is a ward, and whether the actor may see more than the card."""
    asked = dict(form)
    flags = (is_only_ward(actor).label("is_ward"), shows_all(actor).label("shows_all"))
    stmt = visible(select(*(_table.c[name] for name in columns), *flags), actor, Perm.READ)
    stmt = stmt.where(*conditions(_FILTERS, form))
    if "status" not in asked:
        stmt = stmt.where(*(Patient.status != hidden for hidden in _HIDDEN))
    if "possible_duplicate" in asked and Scope.ALL not in actor.scopes(Perm.READ):
        stmt = stmt.where(false())  # whoever does not see the mark learns nothing by asking for it
    if Scope.CARD in actor.scopes(Perm.READ):
        stmt = stmt.where(_found_by_card(actor, form))
    return stmt.where(_among(bindparam("hits"))) if has_hits else stmt


def _found_by_card(actor: Actor, form: Form) -> ColumnElement[bool]:
    """Return "found by what the caller sees": nobody learns an e-mail or a city by searching for it."""
    by_card: list[ColumnElement[bool]] = [false()] if _OFF_CARD & dict(form).keys() else [true()]
    by_card += conditions(_ON_CARD, tuple((name, count) for name, count in form if name in _ON_CARD))
    return or_(shows_all(actor), and_(*by_card))


def _contains(column: Any) -> Filter:
    return Filter(lambda pattern: column.like(pattern, escape="\\"), patterns)


def _in_names(pattern: Any) -> ColumnElement[bool]:
    return or_(Patient.last_name_key.like(pattern, escape="\\"), Patient.first_name_key.like(pattern, escape="\\"))


def _is_in_row(pattern: Any) -> ColumnElement[bool]:
    """Return "occurs in the search text" so that rows are compared in the order of the list.

    No index is on the expression, and PostgreSQL takes half of all rows to match: it does not read and sort them all
    because many words are asked for.
    """
    return func.coalesce(Patient.search_text.like(pattern, escape="\\"), false())


_OFF_CARD = frozenset({"city", "doctor_id"})
_ON_CARD = dict.fromkeys(("q", "q_by_row"), _contains(Patient.card_text))

_FILTERS: Mapping[str, Filter] = {
    "status": Filter(lambda status: Patient.status == status),
    "sex": Filter(lambda sex: Patient.sex == sex),
    "gender": Filter(lambda sex: Patient.sex == sex),
    "born_from": Filter(lambda day: Patient.date_of_birth >= day),
    "born_to": Filter(lambda day: Patient.date_of_birth <= day),
    "doctor_id": Filter(lambda doctor_id: Patient.primary_doctor_id == doctor_id),
    "name": Filter(_in_names, patterns),
    "city": Filter(lambda key: Patient.city_key == key, lambda city: (fold_key(city),)),
    "possible_duplicate": Filter(lambda is_flagged: Patient.possible_duplicate == is_flagged),
    "q": _contains(Patient.search_text),
    "q_by_row": Filter(_is_in_row, patterns),
}


def matches(connection: Connection, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """Return "every word occurs in the search text"; SQLite narrows by its trigram index first, PostgreSQL by GIN."""
    found: list[ColumnElement[bool]] = [Patient.search_text.like(f"%{like(word)}%", escape="\\") for word in words]
    hits = "" if is_postgres(connection) else _indexed(words)
    return [*found, _among(bindparam("hits", hits, unique=True))] if hits else found


def _indexed(words: Sequence[str]) -> str:
    """Return what SQLite's trigram index is asked for; words that are too short for it are left out."""
    return " AND ".join(f'"{word}"' for word in words if len(word) >= _TRIGRAM)


def _among(hits: ColumnElement[str]) -> ColumnElement[bool]:
    """Return "is a hit of SQLite's trigram index"."""
    index = table("patients_search", column("rowid"), column("patients_search"))
    return Patient.number.in_(select(index.c.rowid).where(index.c.patients_search.op("MATCH")(hits)))


@lru_cache(maxsize=32)
def _rank(words: int) -> ColumnElement[int]:
    """Return 0 where each of so many words is a whole word of the patient's, 1 where it begins one, 2 otherwise."""
    whole, begins = (
        and_(*(Patient.search_text.like(bindparam(f"{kind}_{number}"), escape="\\") for number in range(words)))
        for kind in ("whole", "begins")
    )
    return case((whole, 0), (begins, 1), else_=2)


def _rank_values(words: Sequence[str]) -> dict[str, str]:
    whole = {f"whole_{number}": f"% {like(word)} %" for number, word in enumerate(words)}
    return whole | {f"begins_{number}": f"% {like(word)}%" for number, word in enumerate(words)}


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


def patient_row(
    connection: Connection, actor: Actor, columns: Sequence[str], patient_id: uuid.UUID
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return one patient in the actor's scope with whether to show all of them, and what upper rooms add, or raise."""
    values = asker(actor) | {"patient_id": patient_id}
    found = fetch_one(connection, _one(actor, tuple(columns)), values)
    way = way_of(actor, Perm.READ, found) if found else None
    if found is None or way is None:
        raise NotFound
    note_way(way)
    added = {name: found._mapping[name] for name in details()}
    return (*found[: len(columns)], way.on_behalf_of is not None, way.shows_all), added


@kept
def _one(actor: Actor, columns: tuple[str, ...]) -> Select[Any]:
    added = [column.label(name) for name, column in details().items()]
    return select(*(_table.c[name] for name in columns), *ways(actor, Perm.READ), *added).where(
        Patient.id == bindparam("patient_id"), Patient.merged_into_id.is_(None)
    )


def note_way(way: Way) -> None:
    """Have the audit row say through which broken glass, or for which ward, a chart was reached."""
    trail = trails.current()
    trail.break_glass_id = way.break_glass_id or trail.break_glass_id
    trail.on_behalf_of = way.on_behalf_of or trail.on_behalf_of


@dataclass(frozen=True, slots=True)
class Found:
    """A patient whom a permission reaches: whose chart it is, how the patient fares, and how it was reached.

    `as_patient` says that it is the actor's own chart or a ward's, of which one sees what a patient sees.
    """

    id: uuid.UUID
    user_id: uuid.UUID | None
    status: str
    way: Way
    as_patient: bool


def in_scope(connection: Connection, actor: Actor, permission: Permission, patient_id: uuid.UUID) -> Found | None:
    """Return a patient whom the permission reaches, or None; the audit row learns of glass and proxy."""
    stmt = select(Patient.id, Patient.user_id, Patient.status, *ways(actor, permission))
    found = connection.execute(stmt.where(Patient.id == patient_id)).first()
    way = way_of(actor, permission, found) if found else None
    if found is None or way is None:
        return None
    note_way(way)
    as_patient = found.user_id == actor.user_id or (way.on_behalf_of is not None and not way.is_by_glass)
    return Found(found.id, found.user_id, found.status, way, as_patient)


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
