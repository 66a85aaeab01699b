"""Read a receipt: a sale with who sold."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection

from server.core.dump import row_dumper
from server.modules.doctors.queries.clinic import clinic_name, clinic_row
from server.modules.pharmacy.queries import sales
from server.modules.pharmacy.schemas.sales import ReceiptOut, SellerOut

_SAID = tuple(name for name in SellerOut().dump_fields if name != "name")
_dump = row_dumper(ReceiptOut, (*sales.COLUMNS, "clinic"))


def receipt_of(connection: Connection, sale_id: uuid.UUID) -> dict[str, Any]:
    """Return the receipt of a sale, or raise `NotFound`."""
    row = sales.sale_row(connection, sale_id)
    clinic = {"name": clinic_name(connection), **clinic_row(connection, _SAID)._asdict()}
    return _dump((*row, clinic))
