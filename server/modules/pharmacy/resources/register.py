"""The register of controlled drugs over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request

from server.core import trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.inventory.service.ledger import StockMoved
from server.modules.inventory.service.taking import InsufficientStock
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of
from server.modules.pharmacy.policies import Perm
from server.modules.pharmacy.queries import register as queries
from server.modules.pharmacy.resources.routing import api
from server.modules.pharmacy.schemas.register import CorrectionIn, EntryOut, RegisterQuery
from server.modules.pharmacy.service import register as service

_ENTRY: dict[str, Any] = {"object_type": "controlled_entry", "out": EntryOut}
_dump = row_dumper(EntryOut, queries.COLUMNS)


class Register(Resource):
    """The base of what answers with lines of the register."""

    def seen(self, entry_id: uuid.UUID) -> dict[str, Any]:
        """Return one line."""
        trails.current().about(entry_id)
        return _dump(queries.entry_row(self.connection, entry_id))


class RegisterCollection(Register):
    """The register."""

    @declares(Perm.CONTROLLED_READ, action="controlled.list", query=RegisterQuery, many=True, **_ENTRY)
    def get(self) -> Response:
        """List the register, the latest line first, each with what there was of the drug and strength after it."""
        return self.page(queries.page_of_entries(self.connection, self.query))


class RegisterItem(Register):
    """One line of the register."""

    @declares(Perm.CONTROLLED_READ, action="controlled.read", **_ENTRY)
    def get(self, entry_id: uuid.UUID) -> Response:
        """Show one line of the register."""
        return self.show(self.seen(entry_id))


class RegisterCorrections(Register):
    """Corrections of a line."""

    def before_post(self, entry_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.CONTROLLED_CORRECT,
        action="controlled.correct",
        body=CorrectionIn,
        problems=(StockMoved, InsufficientStock, WitnessRefused, service.RegisterClosed),
        **_ENTRY,
    )
    def post(self, entry_id: uuid.UUID) -> Response:
        """Correct a line by a new one that names it and moves the stock as well; it takes a witness."""
        self.body.pop("witness", None)
        made = service.correct(actor=self.actor, entry_id=entry_id, witness_id=self.prepared, **self.body)
        where = request.path.rsplit("/", 2)[0]
        return self.created(self.seen(made), "Corrected.", location=f"{where}/{made}")


api.add_resource(RegisterCollection, "/controlled-register")
api.add_resource(RegisterItem, "/controlled-register/<uuid:entry_id>")
api.add_resource(RegisterCorrections, "/controlled-register/<uuid:entry_id>/corrections")
