"""Lots over HTTP: what an item has, what comes in, what may be used, and recalls."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from server.core import trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.inventory import recalls
from server.modules.inventory.enums import Activity
from server.modules.inventory.paths import item_within, lot_within
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries import lots as queries
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.lots import LotIn, LotOut, LotPatch, LotQuery, RecallIn, RecallOut
from server.modules.inventory.service import lots as service
from server.modules.inventory.service.ledger import Cause
from server.modules.inventory.service.receiving import receive_lot
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of

_LOT: dict[str, Any] = {"object_type": "lot", "out": LotOut}
_dump = row_dumper(LotOut, queries.COLUMNS)


class Lots(Resource):
    """The base of what answers with lots."""

    def seen(self, lot_id: uuid.UUID) -> dict[str, Any]:
        """Return one lot."""
        return _dump(queries.lot_row(self.connection, lot_id))


class ItemLots(Lots):
    """The lots of an item."""

    @declares(Perm.READ, action="lots.list", query=LotQuery, many=True, within=item_within, **_LOT)
    def get(self, item_id: uuid.UUID) -> Response:
        """List the lots of an item, what expires first before the others; used up ones included."""
        return self.page(queries.page_of_lots(self.connection, item_id, self.query))

    def before_post(self, item_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.RECEIVE,
        action="lots.receive",
        body=LotIn,
        within=item_within,
        problems=(WitnessRefused,),
        **_LOT,
    )
    def post(self, item_id: uuid.UUID) -> Response:
        """Take units into stock: into the lot of the same number, expiry and cost, or into a new one.

        What is expired comes in quarantined, and what has the number of a recalled lot is recalled too.
        """
        self.body.pop("witness", None)
        reason = self.body.pop("reason")
        cause = Cause(activity=Activity.ADD, actor=self.actor, reason=reason, witness_id=self.prepared)
        lot = receive_lot(item_id=item_id, cause=cause, **self.body)
        where = request.path.rsplit("/items/", 1)[0]
        return self.created(self.seen(lot.id), "Received.", location=f"{where}/lots/{lot.id}")


class LotItem(Lots):
    """One lot."""

    @declares(Perm.READ, action="lots.read", within=lot_within, **_LOT)
    def get(self, lot_id: uuid.UUID) -> Response:
        """Show one lot."""
        return self.show(self.seen(lot_id))

    @declares(Perm.LOTS_MANAGE, action="lots.change", body=LotPatch, version="required", within=lot_within, **_LOT)
    def patch(self, lot_id: uuid.UUID) -> Response:
        """Say whether a lot may be used, and why that changes; both are sent together."""
        service.change(actor=self.actor, lot_id=lot_id, expected=self.expected, **self.body)
        return self.show(self.seen(lot_id), "Lot changed.")


class LotRecall(Lots):
    """A recall by the maker."""

    @declares(
        Perm.LOTS_MANAGE,
        action="lots.recall",
        object_type="lot",
        body=RecallIn,
        out=RecallOut,
        within=lot_within,
        status=200,
    )
    def post(self, lot_id: uuid.UUID) -> Response:
        """Recall every lot of the item with the number of this one, and list what was given of them.

        Again, it changes nothing and lists anew. Who got it is listed to those with `recalls:patients`.
        """
        recalled = service.recall(actor=self.actor, lot_id=lot_id, reason=self.body["reason"])
        lot_ids = [lot.id for lot in recalled]
        given = recalls.given_of(self.connection, lot_ids)
        answer = {
            "item_id": recalled[0].item_id,
            "lot_number": recalled[0].lot_number,
            "reason": self.body["reason"],
            "lots": [_dump(row) for row in queries.lot_rows(self.connection, lot_ids)],
            **recalls.shown(given, with_patients=self.actor.can(Perm.RECALLS_PATIENTS)),
        }
        trails.current().listed(one.document_id for one in given)
        return self.show(answer, "Recalled.")


api.add_resource(ItemLots, "/items/<uuid:item_id>/lots")
api.add_resource(LotItem, "/lots/<uuid:lot_id>")
api.add_resource(LotRecall, "/lots/<uuid:lot_id>/recall")
