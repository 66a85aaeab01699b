"""Suppliers over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Resource
from server.modules.inventory.models import SupplierNameTaken
from server.modules.inventory.policies import Perm
from server.modules.inventory.queries import suppliers as queries
from server.modules.inventory.resources.routing import api
from server.modules.inventory.schemas.suppliers import SupplierIn, SupplierOut, SupplierPatch, SupplierQuery
from server.modules.inventory.service import suppliers as service

_COLUMNS = columns_of(SupplierOut)
_SUPPLIER: dict[str, Any] = {"object_type": "supplier", "out": SupplierOut}
_dump = row_dumper(SupplierOut, tuple(_COLUMNS))


class SupplierCollection(Resource):
    """All suppliers."""

    @declares(Perm.SUPPLIERS_READ, action="suppliers.list", query=SupplierQuery, many=True, **_SUPPLIER)
    def get(self) -> Response:
        """List those who sell to the house."""
        return self.page(queries.page_of_suppliers(self.connection, _COLUMNS, self.query))

    @declares(
        Perm.SUPPLIERS_MANAGE, action="suppliers.add", body=SupplierIn, problems=(SupplierNameTaken,), **_SUPPLIER
    )
    def post(self) -> Response:
        """Add a supplier; the name is its own, whatever the capitals."""
        return self.created(service.add(**self.body), "Supplier added.")


class SupplierItem(Resource):
    """One supplier."""

    @declares(Perm.SUPPLIERS_READ, action="suppliers.read", **_SUPPLIER)
    def get(self, supplier_id: uuid.UUID) -> Response:
        """Show one supplier, one that is out of use included."""
        return self.show(_dump(queries.supplier_row(self.connection, _COLUMNS, supplier_id)))

    @declares(
        Perm.SUPPLIERS_MANAGE,
        action="suppliers.change",
        body=SupplierPatch,
        version="optional",
        problems=(SupplierNameTaken,),
        **_SUPPLIER,
    )
    def patch(self, supplier_id: uuid.UUID) -> Response:
        """Change what is sent of a supplier."""
        changed = service.change(supplier_id=supplier_id, expected=self.expected, **self.body)
        return self.show(changed, "Supplier changed.")

    @declares(Perm.SUPPLIERS_MANAGE, action="suppliers.deactivate", object_type="supplier", version="optional")
    def delete(self, supplier_id: uuid.UUID) -> Response:
        """Take a supplier out of use; it stays readable by id, and on what was ordered."""
        service.deactivate(supplier_id=supplier_id, expected=self.expected)
        return self.gone()


api.add_resource(SupplierCollection, "/suppliers")
api.add_resource(SupplierItem, "/suppliers/<uuid:supplier_id>")
