"""The clinic and its holidays over HTTP."""

from __future__ import annotations

import uuid

from flask import Response

from server.core.declare import declares
from server.core.dump import columns_of, entity_dumper, row_dumper
from server.core.resource import Resource
from server.modules.doctors.policies import Perm
from server.modules.doctors.queries import clinic as queries
from server.modules.doctors.resources.routing import api
from server.modules.doctors.schemas.clinic import (
    ClinicChange,
    ClinicOut,
    HolidayAnswer,
    HolidayIn,
    HolidayOut,
    HolidayQuery,
)
from server.modules.doctors.service import clinic as service
from server.modules.doctors.service.calendar import HasBookings

_CLINIC, _HOLIDAY = columns_of(ClinicOut), columns_of(HolidayOut)


class ClinicItem(Resource):
    """The clinic."""

    @declares(Perm.CLINIC_READ, action="clinic.read", object_type="clinic", out=ClinicOut)
    def get(self) -> Response:
        """Show the clinic: name, address, zone, currency, opening days."""
        return self.show(row_dumper(ClinicOut, tuple(_CLINIC))(queries.clinic_row(self.connection, _CLINIC)))

    @declares(
        Perm.CLINIC_MANAGE,
        action="clinic.update",
        object_type="clinic",
        body=ClinicChange,
        out=ClinicOut,
        version="optional",
    )
    def patch(self) -> Response:
        """Change what the clinic says of itself; zone and currency are settings of the installation."""
        return self.show(service.change(expected=self.expected, **self.body), "Clinic changed.")


class HolidayCollection(Resource):
    """All holidays."""

    @declares(
        Perm.CLINIC_READ,
        action="holidays.list",
        object_type="holiday",
        query=HolidayQuery,
        out=HolidayOut,
        many=True,
    )
    def get(self) -> Response:
        """List the clinic's holidays."""
        return self.page(queries.page_of_holidays(self.connection, _HOLIDAY, self.query))

    @declares(
        Perm.CLINIC_MANAGE,
        action="holidays.add",
        object_type="holiday",
        body=HolidayIn,
        out=HolidayAnswer,
        problems=(service.HolidayExists, HasBookings),
    )
    def post(self) -> Response:
        """Add a holiday; the answer lists the appointments of that day that still stand."""
        holiday, appointments = service.add_holiday(actor=self.actor, **self.body)
        return self.created({**entity_dumper(HolidayOut)(holiday), "appointments": appointments}, "Holiday added.")


class HolidayItem(Resource):
    """One holiday."""

    @declares(Perm.CLINIC_MANAGE, action="holidays.remove", object_type="holiday")
    def delete(self, holiday_id: uuid.UUID) -> Response:
        """Open a date again."""
        service.remove_holiday(holiday_id=holiday_id)
        return self.gone()


api.add_resource(ClinicItem, "/clinic")
api.add_resource(HolidayCollection, "/clinic/holidays")
api.add_resource(HolidayItem, "/clinic/holidays/<uuid:holiday_id>")
