"""Take stock, and put back what was taken: the one door through which units leave, whatever they leave for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from server.core import clock
from server.core.db import db
from server.core.errors import Conflict, refused
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import StockMovement
from server.modules.inventory.service import levels
from server.modules.inventory.service.ledger import Cause, Moved, Step, write
from server.modules.inventory.service.shelves import LotOnShelf, Shelf, locked

# What is used on or given to people has to be fit for it; what is thrown away or was miscounted has not.
_FOR_PEOPLE = frozenset({Activity.USE, Activity.FILL, Activity.SALE})


class InsufficientStock(Conflict):
    """There is not enough of this in stock.

    `item_id` says of what, `available` how much there is and `requested` how much was asked for; `shortages` lists all
    that is short.
    """

    code = "insufficient_stock"


class NotTaken(Conflict):
    """So much was not taken, or it was put back already."""

    code = "not_taken"


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many units of an item: of named lots (id and quantity), else of those that expire first.

    `path` is where the caller's body asks for it, such as `items_used.0`; errors name the fields below it.
    """

    item_id: uuid.UUID
    quantity: int
    lots: tuple[tuple[uuid.UUID, int], ...] = ()
    path: str = ""

    def at(self, *names: object) -> str:
        """Return the path of a field below this."""
        return ".".join(str(name) for name in (self.path, *names) if name != "")


def take(wanted: Sequence[Wanted], *, cause: Cause) -> list[Moved]:
    """Take all of it or nothing, and write the ledger.

    Units that are reserved are not touched, and for people none of a lot that is blocked or expired (after the end of
    its last day in the clinic's zone). Raise `InsufficientStock` where there is less than wanted, and a 422 where an
    item or a lot is none that can be taken from.
    """
    if not wanted:
        return []
    shelves = locked(one.item_id for one in wanted)
    with levels.watched(shelves):
        return write(choose(wanted, shelves, activity=cause.activity), cause=cause)


def choose(wanted: Sequence[Wanted], shelves: Mapping[uuid.UUID, Shelf], *, activity: Activity) -> list[Step]:
    """Return of which lots all of it is taken, on shelves that are locked; raise as `take` does."""
    return _Picking(shelves, clock.today(), is_for_people=activity in _FOR_PEOPLE).pick(wanted)


class _Picking:
    """Choose what is taken of which lots, line after line."""

    def __init__(self, shelves: Mapping[uuid.UUID, Shelf], today: date, *, is_for_people: bool) -> None:
        self._shelves = shelves
        self._today = today
        self._is_for_people = is_for_people
        self._left = {lot.id: lot.free for shelf in shelves.values() for lot in shelf.lots}
        self._shortages: list[dict[str, Any]] = []

    def pick(self, wanted: Sequence[Wanted]) -> list[Step]:
        """Return the steps of all lines, or raise with everything that is short."""
        steps = [step for one in wanted for step in self._of_line(one)]
        if self._shortages:
            raise InsufficientStock(**self._shortages[0], shortages=self._shortages)
        return steps

    def _of_line(self, one: Wanted) -> list[Step]:
        shelf = self._shelves.get(one.item_id)
        if shelf is None:
            raise refused(one.at("item_id"), why="There is no such item.")
        if self._is_for_people and not shelf.is_active:
            raise refused(one.at("item_id"), why="This item is not in use any more.")
        return self._of_named(shelf, one) if one.lots else self._of_first_to_expire(shelf, one)

    def _of_first_to_expire(self, shelf: Shelf, one: Wanted) -> list[Step]:
        lots = [lot for lot in shelf.lots if self._is_fit(lot)]
        available = sum(self._left[lot.id] for lot in lots)
        if available < one.quantity:
            self._is_short(one, available, one.quantity)
            return []
        steps, missing = [], one.quantity
        for lot in lots:
            part = min(missing, self._left[lot.id])
            if part > 0:
                steps.append(self._step(shelf, lot, part))
                missing -= part
        return steps

    def _of_named(self, shelf: Shelf, one: Wanted) -> list[Step]:
        if sum(quantity for _, quantity in one.lots) != one.quantity:
            raise refused(one.at("lots"), why="The lots do not add up to the quantity.")
        steps = []
        for number, (lot_id, quantity) in enumerate(one.lots):
            lot = shelf.lot(lot_id)
            if lot is None:
                raise refused(one.at("lots", number, "lot_id"), why="This item has no such lot.")
            if not self._is_fit(lot):
                raise refused(one.at("lots", number, "lot_id"), why="This lot is expired or blocked.")
            if self._left[lot.id] < quantity:
                self._is_short(one, self._left[lot.id], quantity)
            else:
                steps.append(self._step(shelf, lot, quantity))
        return steps

    def _is_fit(self, lot: LotOnShelf) -> bool:
        return not self._is_for_people or lot.is_usable(self._today)

    def _step(self, shelf: Shelf, lot: LotOnShelf, quantity: int) -> Step:
        self._left[lot.id] -= quantity
        return Step(shelf, lot, -quantity)

    def _is_short(self, one: Wanted, available: int, requested: int) -> None:
        self._shortages.append({"item_id": one.item_id, "available": available, "requested": requested})


def put_back(*, cause: Cause, lots: Mapping[uuid.UUID, int] | None = None) -> list[Moved]:
    """Put back into its lots what the cause's document took, or the part of it that `lots` says.

    Lots keep their status: what has been recalled or has expired meanwhile is back, and still not to be used. Raise
    `NotTaken` where that much is not out.
    """
    is_of_document = (
        StockMovement.document_type == cause.document_type,
        StockMovement.document_id == cause.document_id,
    )
    shelves = locked(db.session.scalars(select(StockMovement.item_id).where(*is_of_document)))
    net = (
        select(StockMovement.item_id, StockMovement.lot_id, -func.sum(StockMovement.quantity_changed_by))
        .where(*is_of_document)
        .group_by(StockMovement.item_id, StockMovement.lot_id)
        .order_by(StockMovement.item_id, StockMovement.lot_id)
    )
    out = {lot_id: (shelves[item_id], int(count)) for item_id, lot_id, count in db.session.execute(net) if count > 0}
    wanted = {lot_id: count for lot_id, (_, count) in out.items()} if lots is None else lots
    steps = []
    for lot_id, quantity in wanted.items():
        shelf, count = out.get(lot_id, (None, 0))
        lot = shelf.lot(lot_id) if shelf else None
        if shelf is None or lot is None or not 0 < quantity <= count:
            raise NotTaken
        steps.append(Step(shelf, lot, quantity))
    return write(steps, cause=cause)
