"""Weekly windows, hours of single dates and leave over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.dump import columns_of
from server.core.resource import Resource
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import hours as queries
from server.modules.appointments.queries.hours import doctor_within
from server.modules.appointments.resources.routing import api
from server.modules.appointments.schemas.hours import (
    ConflictQuery,
    OverrideIn,
    OverrideOut,
    OverrideQuery,
    TimeOffIn,
    TimeOffOut,
    TimeOffQuery,
    WindowChange,
    WindowIn,
    WindowOut,
    WindowQuery,
)
from server.modules.appointments.service import hours as service
from server.modules.doctors.service.calendar import HasBookings

_WINDOW_COLUMNS, _OVERRIDE_COLUMNS, _LEAVE_COLUMNS = map(columns_of, (WindowOut, OverrideOut, TimeOffOut))
_WINDOW: dict[str, Any] = {"object_type": "availability_window", "within": doctor_within}
_OVERRIDE: dict[str, Any] = {"object_type": "availability_override", "within": doctor_within}
_LEAVE: dict[str, Any] = {"object_type": "time_off", "within": doctor_within}


class WindowCollection(Resource):
    """The weekly windows of a doctor."""

    @declares(Perm.SCHEDULE, action="availability.list", query=WindowQuery, out=WindowOut, many=True, **_WINDOW)
    def get(self, doctor_id: uuid.UUID) -> Response:
        """List when a doctor sees patients, week by week."""
        return self.page(queries.page_of_windows(self.connection, _WINDOW_COLUMNS, doctor_id, self.query))

    @declares(
        Perm.HOURS_MANAGE,
        action="availability.open",
        body=WindowIn,
        out=WindowOut,
        problems=(service.OverlappingHours,),
        **_WINDOW,
    )
    def post(self, doctor_id: uuid.UUID) -> Response:
        """Open a weekly window; one that ends at or before its start runs into the next day."""
        return self.created(service.open_window(doctor_id=doctor_id, **self.body), "Hours opened.")


class WindowItem(Resource):
    """One weekly window."""

    @declares(
        Perm.HOURS_MANAGE,
        action="availability.change",
        body=WindowChange,
        out=WindowOut,
        version="optional",
        problems=(service.OverlappingHours, HasBookings),
        **_WINDOW,
    )
    def patch(self, doctor_id: uuid.UUID, rule_id: uuid.UUID) -> Response:
        """Change a weekly window; live bookings that would lie outside all hours are listed, unless told what to do."""
        window = service.change_window(
            actor=self.actor, doctor_id=doctor_id, window_id=rule_id, expected=self.expected, **self.body
        )
        return self.show(window, "Hours changed.")

    @declares(
        Perm.HOURS_MANAGE,
        action="availability.close",
        query=ConflictQuery,
        version="optional",
        problems=(HasBookings,),
        **_WINDOW,
    )
    def delete(self, doctor_id: uuid.UUID, rule_id: uuid.UUID) -> Response:
        """Remove a weekly window; live bookings that would lie outside all hours are listed, unless told what to do."""
        service.close_window(
            actor=self.actor, doctor_id=doctor_id, window_id=rule_id, expected=self.expected, **self.query
        )
        return self.gone()


class OverrideCollection(Resource):
    """The dates on which a doctor has hours of their own."""

    @declares(Perm.HOURS_MANAGE, action="overrides.list", query=OverrideQuery, out=OverrideOut, many=True, **_OVERRIDE)
    def get(self, doctor_id: uuid.UUID) -> Response:
        """List the dates with other hours than those of the week."""
        return self.page(queries.page_of_overrides(self.connection, _OVERRIDE_COLUMNS, doctor_id, self.query))

    @declares(
        Perm.HOURS_MANAGE,
        action="overrides.set",
        body=OverrideIn,
        out=OverrideOut,
        problems=(service.DateTaken, HasBookings),
        **_OVERRIDE,
    )
    def post(self, doctor_id: uuid.UUID) -> Response:
        """Give a date its own hours: instead of the week's (`replace`), beside them (`extra`), or none (`closed`)."""
        return self.created(service.set_date(actor=self.actor, doctor_id=doctor_id, **self.body), "Date set.")


class OverrideItem(Resource):
    """One date with hours of its own."""

    @declares(
        Perm.HOURS_MANAGE,
        action="overrides.remove",
        query=ConflictQuery,
        version="optional",
        problems=(HasBookings,),
        **_OVERRIDE,
    )
    def delete(self, doctor_id: uuid.UUID, override_id: uuid.UUID) -> Response:
        """Give a date back to the week; live bookings that would lie outside all hours are listed, unless told."""
        service.clear_date(
            actor=self.actor, doctor_id=doctor_id, override_id=override_id, expected=self.expected, **self.query
        )
        return self.gone()


class TimeOffCollection(Resource):
    """A doctor's leave."""

    @declares(Perm.HOURS_MANAGE, action="time_off.list", query=TimeOffQuery, out=TimeOffOut, many=True, **_LEAVE)
    def get(self, doctor_id: uuid.UUID) -> Response:
        """List a doctor's leave with its reasons."""
        return self.page(queries.page_of_leave(self.connection, _LEAVE_COLUMNS, doctor_id, self.query))

    @declares(
        Perm.HOURS_MANAGE,
        action="time_off.take",
        body=TimeOffIn,
        out=TimeOffOut,
        problems=(service.AlreadyOff, HasBookings),
        **_LEAVE,
    )
    def post(self, doctor_id: uuid.UUID) -> Response:
        """Take leave; live bookings that overlap it are listed, unless `on_conflict` says to cancel them."""
        return self.created(service.take_leave(actor=self.actor, doctor_id=doctor_id, **self.body), "Leave taken.")


class TimeOffItem(Resource):
    """One leave."""

    @declares(Perm.HOURS_MANAGE, action="time_off.end", version="optional", **_LEAVE)
    def delete(self, doctor_id: uuid.UUID, time_off_id: uuid.UUID) -> Response:
        """Take leave back."""
        service.end_leave(doctor_id=doctor_id, leave_id=time_off_id, expected=self.expected)
        return self.gone()


_DOCTOR = "/doctors/<uuid:doctor_id>"
api.add_resource(WindowCollection, f"{_DOCTOR}/availability")
api.add_resource(WindowItem, f"{_DOCTOR}/availability/<uuid:rule_id>")
api.add_resource(OverrideCollection, f"{_DOCTOR}/availability-overrides")
api.add_resource(OverrideItem, f"{_DOCTOR}/availability-overrides/<uuid:override_id>")
api.add_resource(TimeOffCollection, f"{_DOCTOR}/time-off")
api.add_resource(TimeOffItem, f"{_DOCTOR}/time-off/<uuid:time_off_id>")
