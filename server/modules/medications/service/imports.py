"""Take products and interactions in from files."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from server.core.constraints import domain_error
from server.core.db import db
from server.core.errors import DomainError
from server.core.ids import new_id
from server.modules.medications.knowledge import key_of
from server.modules.medications.knowledge.interactions import ordered, side_of
from server.modules.medications.models import DrugInteraction
from server.modules.medications.rxnorm import Product
from server.modules.medications.service import products
from server.modules.medications.service.bulk import add_products, known_codes
from server.modules.medications.sheets import Line

ADDED, THERE, CONTROLLED = "added", "there already", "controlled"


def take_products(batch: Sequence[Product]) -> Counter[str]:
    """Add the products of a batch that have none of their code yet; what people keep stays as it is."""
    there = known_codes(one.code for one in batch)
    made = add_products([one for one in batch if one.code not in there])
    return Counter(
        {ADDED: len(made), THERE: len(there), CONTROLLED: sum(bool(one.controlled_schedule) for one in made)}
    )


def take_lines(lines: Iterable[Line]) -> list[uuid.UUID]:
    """Add the medications of the lines that are good; what is wrong with the others, they say then."""
    made = []
    for line in lines:
        if line.errors:
            continue
        try:
            with db.session.begin_nested():
                made.append(products.add(actor=None, **line.fields).id)
        except IntegrityError as violation:
            refusal = domain_error(violation)
            if refusal is None:
                raise
            _blame(line, refusal)
        except DomainError as refusal:
            _blame(line, refusal)
    return made


def _blame(line: Line, refusal: DomainError) -> None:
    line.errors = dict(refusal.errors or {"(line)": [refusal.message]})


def find_sides(lines: Iterable[Line]) -> None:
    """Have lines of interactions say by which keys they go, or what is wrong with them."""
    seen: dict[tuple[str, str], int] = {}
    for line in lines:
        if line.errors:
            continue
        pair = ordered(side_of(line.fields["a"]), side_of(line.fields["b"]))
        if not all(map(key_of, pair)):
            line.errors = {"(line)": ["Both sides need a letter or a digit."]}
        elif pair in seen:
            line.errors = {"(line)": [f"The same pair as line {seen[pair]}."]}
        else:
            seen[pair] = line.number
            line.fields |= {"a_key": pair[0], "b_key": pair[1]}


def take_interactions(lines: Iterable[Line]) -> int:
    """Put the pairs of the lines that are good in place of what stood for these pairs; return how many."""
    rows = [_row(line.fields) for line in lines if not line.errors]
    for row in rows:
        stmt = delete(DrugInteraction).where(
            DrugInteraction.a_key == row["a_key"], DrugInteraction.b_key == row["b_key"]
        )
        db.session.execute(stmt)
    if rows:
        db.session.execute(insert(DrugInteraction), rows)
    return len(rows)


def _row(said: dict[str, Any]) -> dict[str, Any]:
    return {"id": new_id(), **{name: said[name] for name in ("a_key", "b_key", "severity", "message", "source")}}
