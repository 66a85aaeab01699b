"""Read charts: allergies, conditions, history, care team."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.patients.enums import ENTERED_IN_ERROR, RelationSource
from server.modules.patients.models import Allergy, AllergyStatement, CareRelation, Condition, MedicalHistory
from server.modules.patients.models.chart import ChartRow
from server.modules.patients.queries.people import present_page
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
    table = model.__table__
    return select(*(table.c[name] for name in columns)).where(table.c.status != ENTERED_IN_ERROR)


def entry_row(
    connection: Connection, model: type[Any], patient_id: uuid.UUID, columns: Sequence[str], entry_id: uuid.UUID
) -> Row[Any]:
    """Return one entry of a patient, those entered in error included, or raise `NotFound`."""
    table = model.__table__
    stmt: Select[Any] = select(*(table.c[name] for name in columns)).where(
        table.c.id == entry_id, table.c.patient_id == patient_id
    )
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


def history_row(connection: Connection, patient_id: uuid.UUID, columns: Sequence[str]) -> Row[Any]:
    """Return a patient's history with the statement of no known allergies, if one stands, or raise `NotFound`."""
    table, statement = MedicalHistory.__table__, AllergyStatement.__table__
    stmt: Select[Any] = (
        select(*(table.c[name] for name in columns), statement.c.stated_by, statement.c.stated_at)
        .outerjoin(statement, (statement.c.patient_id == table.c.patient_id) & statement.c.withdrawn_at.is_(None))
        .where(table.c.patient_id == patient_id, table.c.superseded_at.is_(None))
    )
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound  # a merge has just taken it: the request is then answered with the survivor
    return found


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
