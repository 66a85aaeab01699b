"""Read charts: allergies, conditions, history, care team."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from server.core.dump import row_dumper
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.patients.enums import ENTERED_IN_ERROR, RelationSource
from server.modules.patients.models import Allergy, AllergyStatement, CareRelation, Condition, MedicalHistory
from server.modules.patients.models.chart import ChartRow
from server.modules.patients.queries.people import present_page
from server.modules.patients.schemas.chart import NoneKnownOut
from server.modules.users.hands import Hands, hands_of
from server.modules.users.models import User

MOST_ENTRIES = 500

# Ids are UUIDv7: ordering by id is ordering by creation.
_LISTS: dict[type[ChartRow], ListSpec] = {
    model: ListSpec(sorts={"created_at": model.id}, tie=model.id, default="created_at")
    for model in (Allergy, Condition)
}


def page_of_entries(
    connection: Connection,
    model: type[Allergy | Condition],
    patient_id: uuid.UUID,
    columns: Sequence[str],
    query: Mapping[str, Any],
) -> Page:
    """Return one page of a patient's allergies or conditions, those entered in error left out."""
    stmt = _standing(model, columns).where(model.patient_id == patient_id)
    return present_page(connection, patient_id, fetch_page(connection, stmt, _LISTS[model], query))


def _standing(model: type[Any], columns: Sequence[str]) -> Select[Any]:
    return _entries(model, columns).where(model.status != ENTERED_IN_ERROR)


_HANDS: Mapping[type[Any], Hands] = {model: hands_of(model) for model in (Allergy, Condition)}


def _entries(model: type[Any], columns: Sequence[str]) -> Select[Any]:
    hands = _HANDS[model]
    named = (hands.columns[name] if name in hands.columns else model.__table__.c[name] for name in columns)
    return hands.join(select(*named).select_from(model))


def entry_row(
    connection: Connection, model: type[Any], patient_id: uuid.UUID, columns: Sequence[str], entry_id: uuid.UUID
) -> Row[Any]:
    """Return one entry of a patient, those entered in error included, or raise `NotFound`."""
    stmt = _entries(model, columns).where(model.id == entry_id, model.patient_id == patient_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return found


def entries_of(
    connection: Connection, model: type[Any], columns: Sequence[str], patient_ids: Sequence[uuid.UUID]
) -> Sequence[Row[Any]]:
    """Return the standing entries of some patients in one statement, in the order they were made."""
    table = model.__table__
    stmt = _standing(model, columns).where(table.c.patient_id.in_(patient_ids)).order_by(table.c.id)
    return connection.execute(stmt.limit(MOST_ENTRIES * max(1, len(patient_ids)))).all()


_speaker = Hands(author=AllergyStatement.stated_by)
_STATED: Mapping[str, Any] = {
    "stated_by": AllergyStatement.stated_by,
    **_speaker.columns,
    "stated_at": AllergyStatement.stated_at,
}
# The columns that `history_row` adds: who said that there are no allergies, and when.
STATED = tuple(_STATED)

_dump_statement = row_dumper(NoneKnownOut, ("patient_id", *STATED))


def history_row(connection: Connection, patient_id: uuid.UUID, columns: Sequence[str]) -> Row[Any]:
    """Return a patient's history with the statement of no known allergies, if one stands, or raise `NotFound`."""
    table, statement = MedicalHistory.__table__, AllergyStatement.__table__
    stands = (statement.c.patient_id == table.c.patient_id) & statement.c.withdrawn_at.is_(None)
    stmt: Select[Any] = select(*(table.c[name] for name in columns), *_STATED.values()).select_from(table)
    stmt = _speaker.join(stmt.outerjoin(statement, stands))
    stmt = stmt.where(table.c.patient_id == patient_id, table.c.superseded_at.is_(None))
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound  # a merge has just taken it: the request is then answered with the survivor
    return found


def stated_in(history: Sequence[Any], patient_id: uuid.UUID) -> dict[str, Any] | None:
    """Return the statement of no known allergies that stands beside a history, as it is answered."""
    statement = history[-len(STATED) :]
    return _dump_statement((patient_id, *statement)) if statement[-1] else None


def none_known(connection: Connection, patient_id: uuid.UUID) -> dict[str, Any]:
    """Return the statement of no known allergies that stands, as it is answered."""
    stmt = _speaker.join(select(AllergyStatement.patient_id, *_STATED.values()).select_from(AllergyStatement))
    stmt = stmt.where(AllergyStatement.patient_id == patient_id, AllergyStatement.withdrawn_at.is_(None))
    return _dump_statement(connection.execute(stmt).one())


_MEMBER: tuple[Any, ...] = (
    CareRelation.id,
    CareRelation.user_id,
    User.first_name,
    User.last_name,
    CareRelation.role,
    CareRelation.starts_at,
)


_TEAM_LIST = ListSpec(sorts={"starts_at": CareRelation.id}, tie=CareRelation.id, default="starts_at")


def _team(patient_id: uuid.UUID) -> Select[Any]:
    return (
        select(*_MEMBER)
        .join(User, User.id == CareRelation.user_id)
        .where(
            CareRelation.patient_id == patient_id,
            CareRelation.source == RelationSource.CARE_TEAM,
            CareRelation.ends_at.is_(None),
        )
    )


def page_of_team(connection: Connection, patient_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of a care team, in the order in which its members joined."""
    return present_page(connection, patient_id, fetch_page(connection, _team(patient_id), _TEAM_LIST, query))


def member_row(connection: Connection, patient_id: uuid.UUID, user_id: uuid.UUID) -> Row[Any]:
    """Return one present member of a care team."""
    return connection.execute(_team(patient_id).where(CareRelation.user_id == user_id)).one()
