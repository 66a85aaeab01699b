"""The rule of broken glass: one chart, open to one user for a while, for a reason, and everybody is told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, func, select

from server.core import clock, state, trail as trails
from server.core.access import Actor, Scope
from server.core.db import db
from server.modules.notifications.enums import Kind
from server.modules.notifications.service import notify
from server.modules.patients.models import BrokenGlass
from server.modules.patients.policies import GRANTS, Perm
from server.modules.users.enums import UserStatus
from server.modules.users.models import User, UserRole


def break_glass(*, actor: Actor, patient_id: uuid.UUID, reason: str) -> BrokenGlass:
    """Open a chart to the actor for `GLASS_MINUTES`, and tell the admins; again, it is open for as long from now."""
    life = timedelta(minutes=state.settings().glass_minutes)
    glass = BrokenGlass(patient_id=patient_id, user_id=actor.user_id, reason=reason, expires_at=clock.now() + life)
    db.session.add(glass)
    db.session.flush()
    trails.current().about(glass.id, patient_id=patient_id)
    trails.current().break_glass_id = glass.id
    _tell(patient_id)
    return glass


def _tell(patient_id: uuid.UUID) -> None:
    """Tell the admins which chart was opened, once each time; its access log says by whom and why."""
    times = db.session.scalar(select(func.count()).where(BrokenGlass.patient_id == patient_id)) or 1
    who = watchers()
    notify(user_ids=who, kind=Kind.BREAK_GLASS, source_type="patient", source_id=patient_id, version=times)


def watchers() -> Sequence[uuid.UUID]:
    """Return who is told: the active users who may read every access log."""
    roles = [role for role, scope in GRANTS[Perm.ACCESS_LOG].items() if scope == Scope.ALL]
    holds_one = exists().where(UserRole.user_id == User.id, UserRole.role.in_(roles))
    return db.session.scalars(select(User.id).where(User.status == UserStatus.ACTIVE, holds_one)).all()
