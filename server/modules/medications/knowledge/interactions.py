"""Which ingredients and classes harm together: what the clinic has imported, and beneath it the shipped table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, and_, or_, select

from server.core.text import fold_key
from server.modules.medications.knowledge.classes import class_named
from server.modules.medications.knowledge.keys import key_of
from server.modules.medications.knowledge.tables import read_table
from server.modules.medications.models import DrugInteraction


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ingredients or classes that harm together, by their keys; a_key <= b_key."""

    a_key: str
    b_key: str
    severity: str
    message: str
    source: str


def interactions_among(connection: Connection, left_keys: Collection[str], right_keys: Collection[str]) -> list[Pair]:
    """Return the pairs of which one side is among the left keys and the other among the right, in one statement.

    A pair that the clinic has imported stands in place of the shipped one.
    """
    left, right = frozenset(left_keys), frozenset(right_keys)
    if not left or not right:
        return []
    found = {
        pair: _shipped()[pair] for pair in {ordered(one, other) for one in left for other in right} & _shipped().keys()
    }
    a_key, b_key = DrugInteraction.a_key, DrugInteraction.b_key
    stmt = select(a_key, b_key, DrugInteraction.severity, DrugInteraction.message, DrugInteraction.source).where(
        or_(and_(a_key.in_(left), b_key.in_(right)), and_(a_key.in_(right), b_key.in_(left)))
    )
    found |= {(row.a_key, row.b_key): Pair(*row) for row in connection.execute(stmt)}
    return [found[pair] for pair in sorted(found)]


def ordered(one: str, other: str) -> tuple[str, str]:
    """Return two keys in the order in which pairs have them."""
    return (one, other) if one <= other else (other, one)


def side_of(name: str) -> str:
    """Return the key of what one side of a pair names: a class, where it is the name of one, or an ingredient."""
    means = class_named(name)
    return fold_key(name) if fold_key(name) in means else next(iter(means)) if len(means) == 1 else key_of(name)


@cache
def _shipped() -> Mapping[tuple[str, str], Pair]:
    found = {}
    for row in read_table("interactions"):
        pair = ordered(side_of(row["a"]), side_of(row["b"]))
        found[pair] = Pair(*pair, row["severity"], row["message"], row["source"])
    return found
