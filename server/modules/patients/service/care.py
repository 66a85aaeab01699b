"""Rules of care: relations that open a chart, and the team."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, or_, select, update

from server.core import clock, state
from server.core.access import Role, Scope
from server.core.db import db
from server.core.errors import refused
from server.core.ids import new_id
from server.modules.patients.enums import RelationSource
from server.modules.patients.models.care import CareRelation
from server.modules.patients.policies import Perm
from server.modules.users.enums import UserStatus
from server.modules.users.models import User, UserRole


def relate(
    *,
    patient_id: uuid.UUID,
    source: RelationSource,
    source_id: uuid.UUID | None = None,
    user_id: uuid.UUID | None = None,
    audience: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> CareRelation:
    """Open a patient's chart to one person or an audience, because of what `source` names."""
    relation = CareRelation(
        patient_id=patient_id,
        user_id=user_id,
        audience=audience,
        source=source,
        source_id=source_id,
        starts_at=starts_at or clock.now(),
        ends_at=ends_at,
    )
    db.session.add(relation)
    db.session.flush()
    return relation


_ADD = insert(CareRelation.__table__)


def relate_all(relations: Sequence[Mapping[str, Any]]) -> None:
    """Open charts to several at once, in one statement; each names all columns but the id, the role and by whom."""
    if relations:
        # Every row names the same columns, so that they are one statement.
        rows = [{"id": new_id(), "role": None, "added_by": None, **relation} for relation in relations]
        db.session.connection().execute(_ADD, rows)


def end_all(
    *,
    source: RelationSource,
    source_ids: Collection[uuid.UUID] | Select[Any],
    of_users: bool = False,
    of_audiences: bool = False,
    role: str | None = None,
) -> None:
    """Close what these sources have opened and is not over.

    `of_users` leaves what is open to an audience, `of_audiences` what is open to users; `role` closes one role's alone.
    """
    now = clock.now()
    table = CareRelation.__table__
    stmt = update(table).where(
        table.c.source == source,
        table.c.source_id.in_(source_ids),
        or_(table.c.ends_at.is_(None), table.c.ends_at > now),
    )
    if of_users:
        stmt = stmt.where(table.c.user_id.is_not(None))
    if of_audiences:
        stmt = stmt.where(table.c.audience.is_not(None))
    if role is not None:
        stmt = stmt.where(table.c.role == role)
    db.session.execute(stmt.values(ends_at=now))


def join_team(
    *, patient_id: uuid.UUID, user_id: uuid.UUID, added_by: uuid.UUID, role: str | None = None
) -> CareRelation:
    """Make an active clinician a member of the care team."""
    _require_clinician(user_id)
    return enrol(patient_id=patient_id, user_id=user_id, added_by=added_by, role=role)


def enrol(*, patient_id: uuid.UUID, user_id: uuid.UUID, added_by: uuid.UUID, role: str | None = None) -> CareRelation:
    """Write a membership of somebody who is known to be a clinician."""
    member = CareRelation(
        patient_id=patient_id, user_id=user_id, source=RelationSource.CARE_TEAM, role=role, added_by=added_by
    )
    db.session.add(member)
    db.session.flush()
    return member


def _require_clinician(user_id: uuid.UUID) -> None:
    """Raise a 422 unless the user is active staff whose roles see patients by relation."""
    roles = db.session.scalars(
        select(UserRole.role).join(User).where(User.id == user_id, User.status == UserStatus.ACTIVE)
    ).all()
    if Scope.RELATED not in state.grid().scopes(Perm.READ, [Role(role) for role in roles]):
        raise refused("user_id", why="Expected an active doctor, nurse or technician.")


def leave_team(*, patient_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """End a membership; what was seen stays on record. Again, it changes nothing."""
    table = CareRelation.__table__
    db.session.execute(
        update(table)
        .where(
            table.c.patient_id == patient_id,
            table.c.user_id == user_id,
            table.c.source == RelationSource.CARE_TEAM,
            table.c.ends_at.is_(None),
        )
        .values(ends_at=clock.now())
    )
