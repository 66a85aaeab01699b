"""The fee schedule over HTTP."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.declare import declares
from server.core.dump import columns_of, row_dumper
from server.core.resource import Resource
from server.modules.billing.models import ServiceCodeTaken
from server.modules.billing.policies import Perm
from server.modules.billing.queries import fees as queries
from server.modules.billing.resources.routing import api
from server.modules.billing.schemas.fees import FeeIn, FeeOut, FeePatch, FeeQuery
from server.modules.billing.service import fees as service

_COLUMNS = columns_of(FeeOut)
_SERVICE = {"object_type": "service", "out": FeeOut}
_dump = row_dumper(FeeOut, tuple(_COLUMNS))


class ServiceCollection(Resource):
    """The fee schedule."""

    @declares(Perm.SERVICES_READ, action="services.list", query=FeeQuery, many=True, **_SERVICE)
    def get(self) -> Response:
        """List the services on the fee schedule."""
        return self.page(queries.page_of_services(self.connection, _COLUMNS, self.query))

    @declares(Perm.SERVICES_MANAGE, action="services.add", body=FeeIn, problems=(ServiceCodeTaken,), **_SERVICE)
    def post(self) -> Response:
        """Put a service on the fee schedule."""
        return self.created(service.add(**self.body), "Service added.")


class ServiceItem(Resource):
    """One service."""

    @declares(Perm.SERVICES_READ, action="services.read", **_SERVICE)
    def get(self, service_id: uuid.UUID) -> Response:
        """Show one service, one that was taken off the schedule included."""
        return self.show(_dump(queries.service_row(self.connection, _COLUMNS, service_id)))

    @declares(
        Perm.SERVICES_MANAGE,
        action="services.change",
        body=FeePatch,
        version="required",
        problems=(ServiceCodeTaken,),
        **_SERVICE,
    )
    def patch(self, service_id: uuid.UUID) -> Response:
        """Change a service; what was planned or charged before keeps its name and price."""
        changed = service.change(service_id=service_id, expected=self.expected, **self.body)
        return self.show(changed, "Service changed.")

    @declares(Perm.SERVICES_MANAGE, action="services.deactivate", object_type="service", version="required")
    def delete(self, service_id: uuid.UUID) -> Response:
        """Take a service off the fee schedule; it stays readable by id."""
        service.deactivate(service_id=service_id, expected=self.expected)
        return self.gone()


api.add_resource(ServiceCollection, "/services")
api.add_resource(ServiceItem, "/services/<uuid:service_id>")
