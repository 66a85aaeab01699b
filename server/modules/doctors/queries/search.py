"""Find doctors: public list and search, favourites, one by id."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, func, or_, select
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor
from server.core.errors import NotFound
from server.core.ids import parse_id
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import asked_words, like
from server.core.text import fold_key
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor, DoctorSpecialty, Favorite, Specialty
from server.modules.doctors.policies import Perm, shows_all, visible

LIST = ListSpec(
    sorts={"last_name": Doctor.last_name_key, "rating": Doctor.rating_thousandths, "fee": Doctor.fee_key},
    tie=Doctor.id,
    default="last_name",
)
FAVORITES = ListSpec(
    sorts={"last_name": Doctor.last_name_key, "created_at": Favorite.created_at}, tie=Doctor.id, default="last_name"
)

Availability = Callable[[Connection, date, Sequence[uuid.UUID]], set[uuid.UUID]]

_table = Doctor.__table__
_availability: list[Availability] = []


def filter_by_availability(free_among: Availability) -> None:
    """Register what tells, in a fixed number of statements, which of some doctors have a free time on a day."""
    _availability[:] = [free_among]


def _select(columns: Sequence[str], viewer: Actor | None) -> Select[Any]:
    """Select the columns and, row by row, whether the viewer sees account and licence."""
    named = [_specialty_codes() if name == "specialty_codes" else _table.c[name] for name in columns]
    return select(*named, shows_all(viewer).label("shows_all")).select_from(Doctor)


def _specialty_codes() -> Any:
    return (
        select(func.aggregate_strings(Specialty.code, ","))
        .join(DoctorSpecialty, DoctorSpecialty.specialty_id == Specialty.id)
        .where(DoctorSpecialty.doctor_id == Doctor.id)
        .correlate(Doctor)
        .scalar_subquery()
        .label("specialty_codes")
    )


def page_of_doctors(
    connection: Connection,
    viewer: Actor | None,
    columns: Sequence[str],
    query: Mapping[str, Any],
    *,
    ranked: bool = False,
) -> Page:
    """Return one page of doctors; ranked by how well they match `q` where that is asked for and no order is."""
    stmt = visible(_select(columns, viewer), viewer).where(*_filters(query))
    if "available_on" in query:
        stmt = stmt.where(Doctor.id.in_(_free_on(connection, stmt, query["available_on"])))
    ranks = [_rank(asked_words(query["q"]))] if ranked and "q" in query and "sort" not in query else []
    return fetch_page(connection, stmt, LIST, query, first=ranks)


def _free_on(connection: Connection, stmt: Select[Any], day: date) -> set[uuid.UUID]:
    """Return who of the doctors that the other filters leave has a free time; nobody has before there are hours."""
    candidates = connection.scalars(stmt.with_only_columns(Doctor.id, maintain_column_froms=True)).all()
    return _availability[0](connection, day, candidates) if _availability and candidates else set()


def _is_found_by(word: str) -> ColumnElement[bool]:
    """Return "the word is in names, title or city, or in the name of a specialty"; nothing private is searched."""
    pattern = f"%{like(word)}%"
    practises = exists().where(
        DoctorSpecialty.doctor_id == Doctor.id,
        DoctorSpecialty.specialty_id == Specialty.id,
        Specialty.name_key.like(pattern, escape="\\"),
    )
    return or_(Doctor.search_text.like(pattern, escape="\\"), practises)


def _rank(words: Sequence[str]) -> ColumnElement[int]:
    """Return 0 where each word is a whole word of the doctor's, 1 where it begins one, 2 otherwise."""
    whole = and_(*(Doctor.search_text.like(f"% {like(word)} %", escape="\\") for word in words))
    begins = and_(*(Doctor.search_text.like(f"% {like(word)}%", escape="\\") for word in words))
    return case((whole, 0), (begins, 1), else_=2)


def _practises(code_or_id: str) -> ColumnElement[bool]:
    named = parse_id(code_or_id)
    is_asked = Specialty.code == code_or_id.lower() if named is None else Specialty.id == named
    return exists().where(
        DoctorSpecialty.doctor_id == Doctor.id, DoctorSpecialty.specialty_id == Specialty.id, is_asked
    )


def _is_rated(hundredths: int) -> ColumnElement[bool]:
    """Return "the rating, as it is shown, is at least this"; nought asks for nothing."""
    reaches = 200 * Doctor.rating_sum + Doctor.rating_count >= 2 * hundredths * Doctor.rating_count
    return and_(reaches, Doctor.rating_count >= min(hundredths, 1))


_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "q": lambda q: and_(*(_is_found_by(word) for word in asked_words(q))),
    "specialty": _practises,
    "city": lambda city: Doctor.city_key == fold_key(city),
    "min_rating": _is_rated,
    "language": lambda tag: Doctor.language_keys.like(f"% {like(tag.lower())} %", escape="\\"),
    "max_fee": lambda fee: Doctor.consultation_fee <= fee,
}


def _filters(query: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    found = [condition(query[name]) for name, condition in _FILTERS.items() if name in query]
    return [*found, Doctor.status == query.get("status", DoctorStatus.ACTIVE)]


def doctor_row(
    connection: Connection, viewer: Actor | None, columns: Sequence[str], doctor_id: uuid.UUID
) -> tuple[Any, ...]:
    """Return one doctor with whether the viewer sees account and licence, or raise `NotFound`."""
    found = connection.execute(visible(_select(columns, viewer), viewer).where(Doctor.id == doctor_id)).first()
    if found is None:
        raise NotFound
    return tuple(found)


def own_doctor_id(connection: Connection, actor: Actor) -> uuid.UUID | None:
    """Return the id of the actor's own profile, if there is one."""
    if not actor.can(Perm.PROFILE):
        return None
    found: uuid.UUID | None = connection.scalar(select(Doctor.id).where(Doctor.user_id == actor.user_id))
    return found


def own_doctor(connection: Connection, actor: Actor) -> dict[str, Any]:
    """Return the `doctor_id` of the actor's own profile, for `/auth/me`."""
    found = own_doctor_id(connection, actor)
    return {"doctor_id": found} if found else {}


def page_of_favorites(connection: Connection, actor: Actor, columns: Sequence[str], query: Mapping[str, Any]) -> Page:
    """Return one page of the active doctors whom the actor has marked."""
    stmt = (
        _select(columns, actor)
        .join(Favorite, Favorite.doctor_id == Doctor.id)
        .where(Favorite.user_id == actor.user_id, Doctor.status == DoctorStatus.ACTIVE)
    )
    return fetch_page(connection, stmt, FAVORITES, query)
