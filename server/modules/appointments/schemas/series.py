"""The shapes of series of appointments."""

from __future__ import annotations

from marshmallow import Schema, fields

from server.core import fields as f
from server.core.schema import Body
from server.modules.appointments.calendar.recurrence import MOST, PARTS
from server.modules.appointments.schemas.appointment import AppointmentOut
from server.modules.appointments.schemas.booking import AppointmentIn


class SeriesIn(AppointmentIn):
    """An appointment that recurs by the doctor's wall clock; `starts_at` is the first."""

    class Meta(Body.Meta):
        exclude = ("id", "hold_id")

    patient_id = f.Id(required=True)
    rrule = f.Line(
        most=200,
        required=True,
        metadata={
            "description": f"RFC 5545 with {', '.join(PARTS)}; FREQ is DAILY, WEEKLY or MONTHLY. It ends, by COUNT or "
            f"UNTIL, within two years, and has {MOST} times at most.",
            "example": "FREQ=WEEKLY;BYDAY=MO;COUNT=6",
        },
    )


class SeriesOut(Schema):
    """A series that was just booked."""

    series_id = fields.UUID(required=True)
    appointments = fields.List(fields.Nested(AppointmentOut), required=True)
