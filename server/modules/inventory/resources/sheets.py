"""Sheets of items over HTTP: out, and in again."""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import Response, stream_with_context

from server.core.declare import declares
from server.core.errors import refused
from server.core.resource import Resource
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries.sheets import batches_of_items
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.levels import SheetQuery
from server.modules.inventory.schemas.sheets import ImportOut, ImportQuery, SheetIn
from server.modules.inventory.service import sheets as service
from server.modules.inventory.sheets import BadSheet, Line, as_csv, read_lines

# As many as one request takes in; `flask import items` takes any number.
MOST_LINES = 2_000
_CSV = "text/csv"


class ItemSheet(Resource):
    """All items as a file."""

    @declares(Perm.ITEMS_READ, action="items.export", object_type="item", query=SheetQuery, media_type=_CSV)
    def get(self) -> Response:
        """Hand out the items in use as CSV, by name; `POST /items/import` takes it in again.

        A cell that a spreadsheet would run as a formula stands behind a single quote, which goes on its way in.
        """
        # The row of this request is written when the response is ready, and only then is the first line fetched.
        response = Response(stream_with_context(as_csv(batches_of_items(self.query))), mimetype=_CSV)
        response.headers["Content-Disposition"] = 'attachment; filename="items.csv"'
        return response


class ItemImport(Resource):
    """A file of items."""

    def before_post(self) -> list[Line]:
        """Read the lines, which takes a while."""
        try:
            lines = list(islice(read_lines(self.body["file"].content), MOST_LINES + 1))
        except BadSheet as error:
            raise refused("file", why=str(error)) from None
        if len(lines) > MOST_LINES:
            raise refused("file", why=f"At most {MOST_LINES} lines at once; `flask import items` takes more.")
        return lines

    @declares(
        Perm.ITEMS_MANAGE,
        action="items.import",
        object_type="item",
        body=SheetIn,
        upload=True,
        upload_types=(_CSV,),
        rate="upload",
        query=ImportQuery,
        out=ImportOut,
        status=200,
        problems=(service.ImportRefused,),
    )
    def post(self) -> Response:
        """Begin and change items as the lines of a CSV say, and report line by line; all of it or, if so asked, a part.

        A line finds its item by `id`, else by `sku`, else by name and brand; where there is none it begins one. Columns
        that are left out are left as they are, an empty cell clears. What there is of an item is passed over.
        """
        report: dict[str, Any] = service.take_in(
            actor=self.actor, lines=self.prepared, is_partial=self.query["partial"]
        )
        return self.show(report, "Imported.")


api.add_resource(ItemSheet, "/items.csv")
api.add_resource(ItemImport, "/items/import")
