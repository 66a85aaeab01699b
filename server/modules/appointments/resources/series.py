"""Series of appointments over HTTP."""

from __future__ import annotations

from flask import Response

from server.core import state
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.resource import Resource
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries.appointments import COLUMNS
from server.modules.appointments.queries.series import rows_of_series
from server.modules.appointments.resources.routing import api
from server.modules.appointments.schemas.appointment import AppointmentOut
from server.modules.appointments.schemas.series import SeriesIn, SeriesOut
from server.modules.appointments.service import series as service


class SeriesCollection(Resource):
    """Appointments that recur."""

    @declares(
        Perm.SERIES,
        action="appointments.book_series",
        object_type="appointment_series",
        body=SeriesIn,
        out=SeriesOut,
        problems=(service.SeriesConflicts,),
    )
    def post(self) -> Response:
        """Book a recurring appointment: every time of the rule, or none and a list of all that stands in the way."""
        series_id = service.book(actor=self.actor, **self.body)
        dump = row_dumper(AppointmentOut, COLUMNS)
        appointments = [dump(row) for row in rows_of_series(self.connection, series_id)]
        shown = {"series_id": series_id, "appointments": appointments}
        where = f"{state.settings().api_prefix}/appointments?series_id={series_id}"
        return self.created(shown, f"{len(appointments)} appointments booked.", location=where)


api.add_resource(SeriesCollection, "/appointments/series")
