"""Take in sheets of items: a line finds its item by id, else by SKU, else by name and brand, or begins a new one."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from server.core import trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.constraints import domain_error
from server.core.db import db
from server.core.errors import DomainError, Invalid, Stale, refused
from server.core.text import fold_key
from server.modules.inventory.enums import ItemKind
from server.modules.inventory.models import Item, ItemCategory, Supplier
from server.modules.inventory.policies import Perm, kinds
from server.modules.inventory.schemas.sheets import OUTCOMES
from server.modules.inventory.service import items
from server.modules.inventory.service.categories import name_key as category_key
from server.modules.inventory.service.suppliers import name_key as supplier_key
from server.modules.inventory.sheets import DEFAULTS, Line

CREATED, UPDATED, UNCHANGED, REFUSED = OUTCOMES

_LINES_AT_ONCE = 300
_SHOWN_AS = {"category_id": "category", "supplier_id": "supplier"}


class ImportRefused(Invalid):
    """Some lines are wrong, so nothing was taken in; `lines` says what is wrong with which."""

    code = "import_refused"


@dataclass(slots=True)
class Outcome:
    """What became of a line."""

    line: int
    status: str
    item_id: uuid.UUID | None = None
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return it as a report tells of it."""
        errors = {name: list(why) for name, why in self.errors.items()}
        return {"line": self.line, "status": self.status, "item_id": self.item_id, "errors": errors}


def take_in(*, actor: Actor | None, lines: Sequence[Line], is_partial: bool) -> dict[str, Any]:
    """Begin and change items as the lines say, and report what became of each.

    Without an actor every kind is taken. Raise `ImportRefused` where a line is wrong, unless it is to be partial.
    """
    taking = _Taking(frozenset(ItemKind) if actor is None else kinds(actor, Perm.ITEMS_MANAGE), lines)
    taking.lock(lines)
    outcomes = [taking.take(line) for line in lines]
    wrong = [one for one in outcomes if one.status == REFUSED]
    if wrong and not is_partial:
        errors = {f"lines.{one.line}.{name}": list(why) for one in wrong for name, why in one.errors.items()}
        raise ImportRefused(errors, lines=[one.shown() for one in wrong])
    counts = Counter(one.status for one in outcomes)
    trails.current().values_after["counts"] = dict(counts)
    return {**{name: counts[name] for name in OUTCOMES}, "lines": [one.shown() for one in outcomes]}


class _Taking:
    """A sheet that is being taken in, with what there is already of what it names."""

    def __init__(self, reached: frozenset[ItemKind], lines: Iterable[Line]) -> None:
        self._reached = reached
        self._categories = {row.name_key: row.id for row in db.session.execute(select(*_NAMED[ItemCategory]))}
        self._suppliers = {row.name_key: row.id for row in db.session.execute(select(*_NAMED[Supplier]))}
        self._by_id: dict[uuid.UUID, Any] = {}
        self._by_sku: dict[str, Any] = {}
        self._by_name: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
        for row in _standing([line.fields for line in lines]):
            self._keep(row)
        self._spoken_for: dict[uuid.UUID, int] = {}

    def lock(self, lines: Iterable[Line]) -> None:
        """Hold the items that lines change, in the order of their ids as everybody does."""
        changed = {item_id for line in lines if (item_id := self._changed_by(line)) is not None}
        ids = sorted(changed)
        for start in range(0, len(ids), _LINES_AT_ONCE):
            held = select(Item.id).where(Item.id.in_(ids[start : start + _LINES_AT_ONCE])).order_by(Item.id)
            db.session.execute(held.with_for_update())

    def _changed_by(self, line: Line) -> uuid.UUID | None:
        try:
            said = self._by_keys(line.fields)
            item = self._find(said)
        except DomainError:
            return None
        return item.id if item is not None and _changes(item, said) else None

    def take(self, line: Line) -> Outcome:
        """Do what a line says, or say what is wrong with it."""
        if line.errors:
            return Outcome(line.number, REFUSED, errors=line.errors)
        try:
            with db.session.begin_nested():
                return self._place(line)
        except IntegrityError as violation:
            refusal = domain_error(violation)
            if refusal is None:
                raise
        except DomainError as raised:
            refusal = raised
        return Outcome(line.number, REFUSED, errors=_blame(refusal))

    def _place(self, line: Line) -> Outcome:
        said = self._by_keys(line.fields)
        version, item = said.pop("version", None), self._find(said)
        if item is None:
            return Outcome(line.number, CREATED, self._begin(line.number, said))
        first = self._spoken_for.setdefault(item.id, line.number)
        if first != line.number:
            raise refused("(line)", why=f"Line {first} is about the same item.")
        changes = _changes(item, said)
        if not changes:
            return Outcome(line.number, UNCHANGED, item.id)
        self._require_kind({item.kind, changes.get("kind", item.kind)})
        changed = items.change(item_id=item.id, expected=Expected(version), **changes)
        self._keep(changed)
        return Outcome(line.number, UPDATED, item.id)

    def _begin(self, number: int, said: Mapping[str, Any]) -> uuid.UUID:
        unsaid = [name for name in ("name", "kind") if name not in said]
        if unsaid:
            raise refused(*unsaid, why="A new item needs this.")
        self._require_kind({said["kind"]})
        item = items.add_item(**{**DEFAULTS, **said})
        self._keep(item)
        self._spoken_for[item.id] = number
        return item.id

    def _by_keys(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a line says with heading and supplier by their ids."""
        said = dict(fields)
        for name, known, key in (
            ("category", self._categories, category_key),
            ("supplier", self._suppliers, supplier_key),
        ):
            if name in said:
                called = said.pop(name)
                if called is not None and key(called) not in known:
                    raise refused(name, why=f"There is no such {name}.")
                said[f"{name}_id"] = None if called is None else known[key(called)]
        return said

    def _find(self, said: Mapping[str, Any]) -> Any:
        """Return the item that a line is about, or None where it is a new one."""
        if "id" in said:
            return self._by_id.get(said["id"])
        if said.get("sku") is not None:
            return self._by_sku.get(said["sku"])
        alike = self._by_name.get((said.get("name", ""), said.get("brand")), ())
        if len(alike) > 1:
            raise refused("name", why="Several items are called so; say which by id or sku.")
        return alike[0] if alike else None

    def _keep(self, item: Any) -> None:
        self._by_id[item.id] = item
        if item.sku is not None:
            self._by_sku[item.sku] = item
        alike = self._by_name[item.name, item.brand]
        alike[:] = [*(one for one in alike if one.id != item.id), item]

    def _require_kind(self, named: Iterable[str]) -> None:
        if not set(named) <= self._reached:
            raise refused("kind", why="Your role does not reach items of this kind.")


_NAMED = {table: (table.id, table.name_key) for table in (ItemCategory, Supplier)}


def _standing(many: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """Yield the items that lines may be about, each once."""
    seen: set[uuid.UUID] = set()
    for start in range(0, len(many), _LINES_AT_ONCE):
        part = many[start : start + _LINES_AT_ONCE]
        ids = {one["id"] for one in part if one.get("id")}
        skus = {one["sku"] for one in part if one.get("sku")}
        names = {fold_key(one["name"]) for one in part if one.get("name")}
        may_be = or_(Item.id.in_(ids), Item.sku.in_(skus), Item.name_key.in_(names))
        for row in db.session.execute(select(*Item.__table__.c).where(may_be)):
            if row.id not in seen:
                seen.add(row.id)
                yield row


def _changes(item: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line says otherwise than it stands."""
    return {name: value for name, value in said.items() if name != "version" and getattr(item, name) != value}


def _blame(refusal: DomainError) -> dict[str, list[str]]:
    if refusal.errors:
        return {_SHOWN_AS.get(name, name): list(why) for name, why in refusal.errors.items()}
    return {"version" if isinstance(refusal, Stale) else "(line)": [refusal.message]}
