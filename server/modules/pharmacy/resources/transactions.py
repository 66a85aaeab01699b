"""Sales over HTTP, where they are called transactions: list, sell, refund, and the receipt."""

from __future__ import annotations

import io
import uuid
from typing import Any

from flask import Response, request

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.inventory.service.taking import InsufficientStock, NotTaken
from server.modules.inventory.service.witness import WitnessRefused
from server.modules.inventory.witnessed import witness_of
from server.modules.pharmacy import printing
from server.modules.pharmacy.models import DispenseSold
from server.modules.pharmacy.policies import Perm
from server.modules.pharmacy.queries import sales as queries
from server.modules.pharmacy.queries.receipts import receipt_of
from server.modules.pharmacy.resources.routing import api
from server.modules.pharmacy.schemas.sales import ReceiptOut, RefundIn, SaleIn, SaleOut, SaleQuery
from server.modules.pharmacy.service.carts import DispenseNotFilled, PriceChanged
from server.modules.pharmacy.service.refunding import RefundExceedsSale, refund
from server.modules.pharmacy.service.selling import sell

_SALE: dict[str, Any] = {"object_type": "transaction", "out": SaleOut}
_PDF = "application/pdf"
_JSON = "application/json"
_dump = row_dumper(SaleOut, queries.COLUMNS)
_PATIENT = queries.COLUMNS.index("patient_id")


class Sales(Resource):
    """The base of what answers with sales."""

    def seen(self, sale_id: uuid.UUID) -> dict[str, Any]:
        """Return one sale."""
        row = queries.sale_row(self.connection, sale_id)
        trails.current().about(sale_id, patient_id=row[_PATIENT])
        return _dump(row)

    def receipt(self, sale_id: uuid.UUID) -> dict[str, Any]:
        """Return the receipt of a sale."""
        found = receipt_of(self.connection, sale_id)
        trails.current().about(sale_id, patient_id=found["patient_id"])
        return found

    def printed(self, sale_id: uuid.UUID) -> Response:
        """Answer the receipt of a sale as it is printed."""
        found = self.receipt(sale_id)
        name = f"receipt-{found['receipt_number']}.pdf"
        return answers.download(lambda: io.BytesIO(printing.receipt_pdf(found)), name=name, media_type=_PDF)


class TransactionCollection(Sales):
    """All sales."""

    @declares(Perm.SALES_READ, action="transactions.list", query=SaleQuery, many=True, **_SALE)
    def get(self) -> Response:
        """List the sales, the latest first."""
        page = queries.page_of_sales(self.connection, self.query)
        patients = {row[_PATIENT] for row in page.rows}
        if None not in patients:
            trails.current().shown_of(patients, set())
        return self.page(page)

    @declares(
        Perm.SALES_CREATE,
        action="transactions.sell",
        body=SaleIn,
        problems=(PriceChanged, DispenseSold, DispenseNotFilled, InsufficientStock),
        **_SALE,
    )
    def post(self) -> Response:
        """Sell medications from the shelf and dispenses that are filled, each of these once.

        Prices, tax and totals are the server's: another `unit_price` is refused with the present one. The payments
        cover the total, and change is given of cash only. Stock, payment and receipt are one step.
        """
        return self.created(self.seen(sell(actor=self.actor, **self.body).id), "Sold.")


class TransactionItem(Sales):
    """One sale."""

    @declares(Perm.SALES_READ, action="transactions.read", **_SALE)
    def get(self, transaction_id: uuid.UUID) -> Response:
        """Show one sale."""
        return self.show(self.seen(transaction_id))


class TransactionRefund(Sales):
    """Money back."""

    def before_post(self, transaction_id: uuid.UUID) -> uuid.UUID | None:
        """Prove the witness, whose password is hashed."""
        return witness_of(self)

    @declares(
        Perm.SALES_REFUND,
        action="transactions.refund",
        body=RefundIn,
        status=200,
        problems=(RefundExceedsSale, NotTaken, WitnessRefused),
        **_SALE,
    )
    def post(self, transaction_id: uuid.UUID) -> Response:
        """Refund units of a sale's lines: never more than was sold, and all of them give back just what was paid.

        With `restock` the goods go back into the lots that they came from; what was dispensed goes back when its
        dispense is reversed. What has become controlled since takes a witness then.
        """
        self.body.pop("witness", None)
        refund(actor=self.actor, sale_id=transaction_id, witness_id=self.prepared, **self.body)
        return self.show(self.seen(transaction_id), "Refunded.")


class TransactionReceipt(Sales):
    """The receipt of a sale."""

    @declares(
        Perm.SALES_READ,
        action="transactions.receipt",
        object_type="transaction",
        out=ReceiptOut,
        other_media_types=(_PDF,),
    )
    def get(self, transaction_id: uuid.UUID) -> Response:
        """Show the receipt of a sale, as JSON or, where PDF is accepted instead, as it is printed."""
        if request.accept_mimetypes.best_match((_JSON, _PDF), default=_JSON) == _PDF:
            return self.printed(transaction_id)
        return self.show(self.receipt(transaction_id))


class TransactionReceiptPrinted(Sales):
    """The receipt of a sale on paper."""

    @declares(Perm.SALES_READ, action="transactions.receipt", object_type="transaction", media_type=_PDF)
    def get(self, transaction_id: uuid.UUID) -> Response:
        """Print the receipt of a sale, for a roll of 80 mm."""
        return self.printed(transaction_id)


api.add_resource(TransactionCollection, "/transactions")
api.add_resource(TransactionItem, "/transactions/<uuid:transaction_id>")
api.add_resource(TransactionRefund, "/transactions/<uuid:transaction_id>/refund")
api.add_resource(TransactionReceipt, "/transactions/<uuid:transaction_id>/receipt")
api.add_resource(TransactionReceiptPrinted, "/transactions/<uuid:transaction_id>/receipt.pdf")
