"""Tables of stock: what there is and every movement of it, whom it is bought from, and how it is counted."""

from server.modules.inventory.models.buying import (
    OrderReceipt,
    OrderReceiptLine,
    PurchaseOrder,
    PurchaseOrderLine,
    Supplier,
    SupplierNameTaken,
)
from server.modules.inventory.models.counting import Stocktake, StocktakeLine
from server.modules.inventory.models.stock import (
    CategoryNameTaken,
    Item,
    ItemCategory,
    Lot,
    SkuTaken,
    StockMovement,
    StockReservation,
)

__all__ = [
    "CategoryNameTaken",
    "Item",
    "ItemCategory",
    "Lot",
    "OrderReceipt",
    "OrderReceiptLine",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "SkuTaken",
    "StockMovement",
    "StockReservation",
    "Stocktake",
    "StocktakeLine",
    "Supplier",
    "SupplierNameTaken",
]
