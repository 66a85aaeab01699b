"""Counts over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.errors import InvalidTransition
from server.core.resource import Resource
from server.modules.inventory.paths import stocktake_within
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries import movements, stocktakes as queries
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.movements import MovementOut
from server.modules.inventory.schemas.stocktakes import (
    MOST_LINES,
    CloseIn,
    CountedLinesIn,
    StocktakeClosed,
    StocktakeDetail,
    StocktakeIn,
    StocktakeLineOut,
    StocktakeOut,
    StocktakeQuery,
)
from server.modules.inventory.service import closing, stocktakes as service
from server.modules.inventory.service.ledger import StockMoved
from server.modules.inventory.service.taking import InsufficientStock
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of

_STOCKTAKE: dict[str, Any] = {"object_type": "stocktake", "out": StocktakeDetail}
_ONE: dict[str, Any] = {**_STOCKTAKE, "within": stocktake_within}
_STEP: dict[str, Any] = {**_ONE, "status": 200}

_dump = row_dumper(StocktakeOut, queries.COLUMNS)
_dump_line = row_dumper(StocktakeLineOut, queries.LINE_COLUMNS)
_dump_movement = row_dumper(MovementOut, movements.COLUMNS)


class Stocktakes(Resource):
    """The base of what answers with counts."""

    def seen(self, stocktake_id: uuid.UUID) -> dict[str, Any]:
        """Return one count with its lines."""
        trails.current().about(stocktake_id)
        lines = queries.line_rows(self.connection, stocktake_id)
        shown = _dump(queries.stocktake_row(self.connection, stocktake_id))
        return {**shown, "lines": [_dump_line(row) for row in lines]}


class StocktakeCollection(Stocktakes):
    """All counts."""

    @declares(
        Perm.COUNT, action="stocktakes.list", object_type="stocktake", query=StocktakeQuery, out=StocktakeOut, many=True
    )
    def get(self) -> Response:
        """List the counts of what one may count, the latest first."""
        return self.page(queries.page_of_stocktakes(self.connection, self.actor, self.query))

    @declares(Perm.COUNT, action="stocktakes.begin", body=StocktakeIn, **_STOCKTAKE)
    def post(self) -> Response:
        """Begin a count of some items, or of those of a category that one may count: each lot that is not used up."""
        begun = service.begin(actor=self.actor, most=MOST_LINES, **self.body)
        return self.created(self.seen(begun.id), "Count begun.")


class StocktakeItem(Stocktakes):
    """One count."""

    @declares(Perm.COUNT, action="stocktakes.read", **_ONE)
    def get(self, stocktake_id: uuid.UUID) -> Response:
        """Show one count with its lines."""
        return self.show(self.seen(stocktake_id))


class StocktakeLines(Stocktakes):
    """What was counted."""

    @declares(
        Perm.COUNT,
        action="stocktakes.note",
        body=CountedLinesIn,
        problems=(InvalidTransition, StockMoved),
        **_STEP,
    )
    def post(self, stocktake_id: uuid.UUID) -> Response:
        """Note what was counted, of one lot or of several; counted again, the new count stands.

        For what moved after the list was written, count anew and send what there is of it now as `expected_quantity`.
        """
        is_one = "lines" not in self.body
        counts = [self.body] if is_one else self.body["lines"]
        service.note_counts(actor=self.actor, stocktake_id=stocktake_id, counts=counts, path="" if is_one else "lines")
        return self.show(self.seen(stocktake_id), "Noted.")


class StocktakeClose(Stocktakes):
    """The end of a count."""

    def before_post(self, stocktake_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.COUNT,
        action="stocktakes.close",
        body=CloseIn,
        body_required=False,
        version="optional",
        problems=(InvalidTransition, StockMoved, InsufficientStock, closing.LinesUncounted, WitnessRefused),
        **{**_STEP, "out": StocktakeClosed},
    )
    def post(self, stocktake_id: uuid.UUID) -> Response:
        """Have the ledger say what was counted, and list the movements.

        Lots that nobody counted stay as they are, or refuse it (`uncounted`). Where an item has moved since the list
        was written, nothing is written and its lines are listed (409 `stock_moved`).
        """
        said = {"expected": self.expected, "witness_id": self.prepared}
        if "uncounted" in self.body:
            said["uncounted"] = self.body["uncounted"]
        moved = closing.close(actor=self.actor, stocktake_id=stocktake_id, **said)
        written = movements.movement_rows(self.connection, [one.id for one in moved])
        shown = {**self.seen(stocktake_id), "movements": [_dump_movement(row) for row in written]}
        return self.show(shown, "Closed.")


class StocktakeCancel(Stocktakes):
    """A count that is given up."""

    @declares(Perm.COUNT, action="stocktakes.cancel", version="optional", problems=(InvalidTransition,), **_STEP)
    def post(self, stocktake_id: uuid.UUID) -> Response:
        """Give a count up; nothing of it is written."""
        service.cancel(stocktake_id=stocktake_id, expected=self.expected)
        return self.show(self.seen(stocktake_id), "Cancelled.")


api.add_resource(StocktakeCollection, "/stocktakes")
api.add_resource(StocktakeItem, "/stocktakes/<uuid:stocktake_id>")
api.add_resource(StocktakeLines, "/stocktakes/<uuid:stocktake_id>/lines")
api.add_resource(StocktakeClose, "/stocktakes/<uuid:stocktake_id>/close")
api.add_resource(StocktakeCancel, "/stocktakes/<uuid:stocktake_id>/cancel")
