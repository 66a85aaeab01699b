"""Free times, the check of one time, and a doctor's schedule over HTTP."""

from __future__ import annotations

import uuid

from flask import Response

from server.core import trail as trails
from server.core.access import PUBLIC, Actor
from server.core.declare import declares
from server.core.errors import InvalidToken, NotFound
from server.core.resource import Resource
from server.modules.appointments.calendar.facts import Door, Facts
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import schedule, slots as queries
from server.modules.appointments.queries.hours import doctor_within
from server.modules.appointments.resources.routing import api
from server.modules.appointments.resources.shown import Appointments
from server.modules.appointments.schemas.slots import (
    CheckOut,
    CheckQuery,
    ScheduleOut,
    ScheduleQuery,
    SlotOut,
    SlotQuery,
)
from server.modules.appointments.service import doors
from server.modules.appointments.service.times import asked_minutes


class SlotCollection(Resource):
    """The free times of a doctor."""

    @declares(
        PUBLIC,
        action="slots.list",
        object_type="doctor",
        query=SlotQuery,
        out=SlotOut,
        many=True,
        takes_token=True,
        problems=(InvalidToken, NotFound),
    )
    def get(self, doctor_id: uuid.UUID) -> Response:
        """List free times; anybody may. Whoever is signed in sees those that they could book themselves."""
        caller = self.viewer
        trails.current().about(doctor_id)

        def door_of(facts: Facts) -> Door:
            if caller is None and not facts.is_active:
                raise NotFound
            return doors.patient_door() if caller is None else _door_of(caller, facts)

        found = queries.free(self.connection, doctor_id, self.query, door_of)
        return self.items(
            [
                {
                    "starts_at": slot.starts_at,
                    "ends_at": slot.ends_at,
                    "local_start": slot.local_start.isoformat(),
                    "remaining": slot.remaining,
                }
                for slot in found
            ]
        )


def _door_of(actor: Actor, facts: Facts) -> Door:
    return doors.door_for(actor=actor, doctor_user_id=facts.user_id)


class AvailabilityCheck(Resource):
    """One time."""

    @declares(
        Perm.SCHEDULE,
        action="availability.check",
        object_type="doctor",
        query=CheckQuery,
        out=CheckOut,
        problems=(NotFound,),
    )
    def get(self, doctor_id: uuid.UUID) -> Response:
        """Say whether one could book a time, or every reason why not."""
        starts_at = self.query["starts_at"]
        minutes = asked_minutes(starts_at, self.query.get("ends_at"), self.query.get("duration_minutes"))
        trails.current().about(doctor_id)
        reasons = queries.check(
            self.connection,
            self.actor,
            doctor_id,
            starts_at,
            minutes=minutes,
            door_of=lambda facts: _door_of(self.actor, facts),
        )
        return self.show({"free": not reasons, "reasons": reasons})


class DoctorSchedule(Appointments):
    """A doctor's time as a calendar."""

    @declares(
        Perm.SCHEDULE,
        action="doctors.schedule",
        object_type="appointment",
        query=ScheduleQuery,
        out=ScheduleOut,
        within=doctor_within,
    )
    def get(self, doctor_id: uuid.UUID) -> Response:
        """Show hours, leave, holidays and what is taken, this week unless told; who may read appointments sees them."""
        calendar, rows = schedule.of_doctor(self.connection, self.actor, doctor_id, self.query)
        taken = [*self.each(rows), *calendar.pop("busy")]
        calendar["appointments"] = sorted(taken, key=lambda one: one["starts_at"])
        return self.show(calendar)


_DOCTOR = "/doctors/<uuid:doctor_id>"
api.add_resource(SlotCollection, f"{_DOCTOR}/availability/slots")
api.add_resource(AvailabilityCheck, f"{_DOCTOR}/availability/check")
api.add_resource(DoctorSchedule, f"{_DOCTOR}/schedule")
