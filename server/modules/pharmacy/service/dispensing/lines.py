"""What a fill is of: the items that a body names, or all of which something is left, and how much of each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.core.errors import refused
from server.modules.pharmacy.service.dispensing.fills import Fill, Filled
from server.modules.pharmacy.service.dispensing.refusals import AlreadyPrepared, MoreThanLeft, NoRefillsRemaining
from server.modules.prescriptions.service.refusals import NotFillable

Lots = tuple[tuple[uuid.UUID, int], ...]
Asked = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """So much of an item. Without a `fill` it is what is laid ready of it."""

    filled: Filled
    fill: Fill | None
    quantity: int
    lots: Lots
    path: str

    def at(self, name: str) -> str:
        """Return the path of a field of this line in the body."""
        return f"{self.path}{name}"


def to_prepare(items: Sequence[Filled], asked: Asked) -> list[Line]:
    """Return what is to be laid ready; what is so already is not prepared again."""
    named = _named(items, asked)
    is_said = _says_which(asked)
    open_ones = [(one, wish, path) for one, wish, path in named if is_said or not one.prepared]
    if not open_ones or any(one.prepared for one, _, _ in open_ones):
        raise AlreadyPrepared
    return _lines(open_ones, is_said=is_said)


def to_fill(items: Sequence[Filled], asked: Asked) -> list[Line]:
    """Return what is to be handed out: of an item of which something is laid ready, that."""
    named = _named(items, asked)
    ready = [_ready(one, wish, path) for one, wish, path in named if one.prepared]
    others = [(one, wish, path) for one, wish, path in named if not one.prepared]
    if not others or (ready and not _says_which(asked)):
        return ready
    return [*ready, *_lines(others, is_said=_says_which(asked))]


def _says_which(asked: Asked) -> bool:
    return "items" in asked


def _named(items: Sequence[Filled], asked: Asked) -> list[tuple[Filled, Asked, str]]:
    """Return the items that a body means, each with what it says of it and the path where it does."""
    if "items" not in asked:
        if len(items) > 1 and asked.keys() & {"quantity", "lots"}:
            said = [name for name in ("quantity", "lots") if name in asked]
            raise refused(*said, why="There is more than one item; say of which, as `items`.")
        return [(one, asked, "") for one in items]
    of_id = {one.item.id: one for one in items}
    found, seen = [], set()
    for number, wish in enumerate(asked["items"]):
        path = f"items.{number}."
        if wish["item_id"] not in of_id:
            raise refused(f"{path}item_id", why="This prescription has no such item.")
        if wish["item_id"] in seen:
            raise refused(f"{path}item_id", why="Each item is named once.")
        seen.add(wish["item_id"])
        found.append((of_id[wish["item_id"]], wish, path))
    return found


def _ready(one: Filled, wish: Asked, path: str) -> Line:
    quantity = sum(dispense.quantity for dispense in one.prepared)
    if wish.get("quantity", quantity) != quantity:
        raise refused(f"{path}quantity", why=f"Laid ready are {quantity}; cancel that to hand out otherwise.")
    if wish.get("lots"):
        raise refused(f"{path}lots", why="Its lots are laid ready; cancel that to hand out others.")
    return Line(one, None, quantity, (), path)


def _lines(named: Sequence[tuple[Filled, Asked, str]], *, is_said: bool) -> list[Line]:
    lines = []
    for one, wish, path in named:
        fill = _current(one, is_said=is_said or len(named) == 1)
        if fill is not None:
            lines.append(_line(one, fill, wish, path))
    if not lines:
        raise NoRefillsRemaining(remaining=0)
    return lines


def _current(one: Filled, *, is_said: bool) -> Fill | None:
    """Return the fill that is handed out now; nobody has asked for an item alone of which the body says nothing."""
    if one.item.quantity is None:
        raise NotFillable
    fill = one.current()
    if fill is None and is_said:
        raise NoRefillsRemaining(item_id=one.item.id, remaining=0)
    return fill


def _line(one: Filled, fill: Fill, wish: Asked, path: str) -> Line:
    lots: Lots = tuple((lot["lot_id"], lot["quantity"]) for lot in wish.get("lots", ()))
    quantity = wish.get("quantity") or sum(count for _, count in lots) or fill.left
    if quantity > one.quantity:
        raise refused(f"{path}quantity" if "quantity" in wish else f"{path}lots", why=f"A fill is {one.quantity}.")
    if quantity > fill.left:
        refusal = NoRefillsRemaining if fill.is_last else MoreThanLeft
        raise refusal(item_id=one.item.id, remaining=fill.left)
    return Line(one, fill, quantity, lots, path)
