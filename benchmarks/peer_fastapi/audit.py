"""The audit row of a request, committed before the request is answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.peer_fastapi.models import AuditLog
from benchmarks.peer_fastapi.security import User


async def record(
    session: AsyncSession,
    request: Request,
    user: User,
    action: str,
    *,
    object_type: str = "patient",
    object_id: uuid.UUID | None = None,
    patient_id: uuid.UUID | None = None,
    object_ids: Sequence[uuid.UUID] | None = None,
) -> None:
    """Add the row of this request, and commit."""
    session.add(
        AuditLog(
            actor_id=user.id,
            actor_roles=user.roles,
            session_id=user.session_id,
            address=request.client.host if request.client else "",
            method=request.method,
            route=request.scope["route"].path,
            action=action,
            object_type=object_type,
            object_id=object_id,
            patient_id=patient_id,
            object_ids=[str(one) for one in object_ids or ()],
            object_count=None if object_ids is None else len(object_ids),
        )
    )
    await session.commit()
