"""Build a statement once for each form that it can take; what differs from request to request are its parameters.

Building a statement costs more than running it. A function marked `@kept` builds one for an actor's roles and for the
other things that decide its form; the actor whom it sees has parameters for ids, so that `actor.user_id` in a policy is
one. `columns.NOW` is the parameter for the time. What is run takes `asker(actor)` and the values of its own parameters:

    connection.execute(_one(actor, columns), {**asker(actor), "patient_id": patient_id})
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, wraps
from typing import Any, cast

from sqlalchemy import BindParameter, Select, Uuid, bindparam
from sqlalchemy.sql import ColumnElement, visitors

from server.core.access import Actor, Grid, Role

MOST_FORMS = 256

_USER: Any = bindparam("asker_user_id", type_=Uuid())
_SESSION: Any = bindparam("asker_session_id", type_=Uuid())


def asker(actor: Actor) -> dict[str, Any]:
    """Return the values of the parameters that stand for the actor."""
    return {"asker_user_id": actor.user_id, "asker_session_id": actor.session_id}


Build = Callable[..., Select[Any]]


def kept(build: Build) -> Build:
    """Keep what a function builds for an actor, by the actor's roles and its other arguments."""

    @lru_cache(maxsize=MOST_FORMS)
    def of(roles: frozenset[Role], grid: Grid, *form: Hashable) -> Select[Any]:
        stmt = build(Actor(_USER, _SESSION, roles, grid), *form)
        _require_timeless(stmt)
        return stmt

    @wraps(build)
    def find(actor: Actor, *form: Hashable) -> Select[Any]:
        return of(actor.roles, actor.grid, *form)

    return cast(Build, find)


def _require_timeless(stmt: Select[Any]) -> None:
    """Raise unless all that was built in would be the same for another request."""
    for part in visitors.iterate(stmt):
        if isinstance(part, BindParameter) and part.callable is None and isinstance(part.value, _OF_ONE_REQUEST):
            raise RuntimeError(f"a kept statement would keep a value of one request: {part.key}")


_OF_ONE_REQUEST = (uuid.UUID, date)


@dataclass(frozen=True)
class Filter:
    """One filter of a list: `values` makes what is compared of what was asked; each value must meet `condition`."""

    condition: Callable[[Any], ColumnElement[bool]]
    values: Callable[[Any], Sequence[Any]] = lambda asked: (asked,)


Form = tuple[tuple[str, int], ...]


def ask(filters: Mapping[str, Filter], query: Mapping[str, Any]) -> tuple[Form, dict[str, Any]]:
    """Return which filters a query uses, with how many values each, and the values."""
    form: list[tuple[str, int]] = []
    values: dict[str, Any] = {}
    for name, one in filters.items():
        if name in query:
            found = one.values(query[name])
            form.append((name, len(found)))
            values.update((f"{name}_{number}", value) for number, value in enumerate(found))
    return tuple(form), values


def conditions(filters: Mapping[str, Filter], form: Form) -> Iterable[ColumnElement[bool]]:
    """Yield the conditions of the filters in use, on parameters."""
    for name, count in form:
        for number in range(count):
            yield filters[name].condition(bindparam(f"{name}_{number}"))
