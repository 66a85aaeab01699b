"""Name the users whom rows point to, such as who wrote them: each joined once, so that a list stays one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import aliased

from server.modules.users.models import User


class Hands:
    """Users by their parts in a row: `author=Note.recorded_by` gives `author_first_name` and `author_last_name`."""

    def __init__(self, **pointing: Any) -> None:
        self._users = [(aliased(User), column) for column in pointing.values()]
        self.columns: Mapping[str, Any] = {
            f"{part}_{name}": getattr(user, name).label(f"{part}_{name}")
            for part, (user, _) in zip(pointing, self._users, strict=True)
            for name in ("first_name", "last_name")
        }

    def join(self, stmt: Select[Any]) -> Select[Any]:
        """Join them to a statement of the rows; a row that names nobody stays."""
        for user, column in self._users:
            stmt = stmt.outerjoin(user, user.id == column)
        return stmt


def hands_of(entry: Any, **pointing: Any) -> Hands:
    """Return who wrote an entry of a chart and who took it back, and whoever else is asked for."""
    return Hands(author=entry.recorded_by, voider=entry.voided_by, **pointing)
