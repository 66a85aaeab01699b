"""Which lots may be handed out on a day."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, and_, bindparam, or_
from sqlalchemy.sql import ColumnElement

from server.modules.inventory.enums import LotStatus
from server.modules.inventory.models import Lot

_TODAY: Any = bindparam("today", type_=Date())


def is_sellable() -> ColumnElement[bool]:
    """Return "is available and not expired", as of the parameter `today`; the last day still counts."""
    return and_(Lot.status == LotStatus.AVAILABLE, or_(Lot.expires_on.is_(None), Lot.expires_on >= _TODAY))
