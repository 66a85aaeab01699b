"""What is done with one appointment: cancel, move, and each step of its day."""

from __future__ import annotations

import uuid
from typing import ClassVar

from flask import Response

from server.core.columns import Expected
from server.core.declare import declares
from server.core.errors import InvalidTransition
from server.modules.appointments.enums import Status
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.resources.routing import api
from server.modules.appointments.resources.shown import READ, Appointments
from server.modules.appointments.schemas.booking import CancelIn, MoveIn, StatusChange, StepIn
from server.modules.appointments.service import cancelling, flow, moving
from server.modules.appointments.service.refusals import HoldLapsed, NotAvailable, NoticeWindow, TooEarly

_ACTION = {**READ, "status": 200}
_MOVE = {
    **_ACTION,
    "action": "appointments.reschedule",
    "body": MoveIn,
    "version": "optional",
    "problems": (SlotTaken, PatientBusy, NotAvailable, HoldLapsed, InvalidTransition, NoticeWindow),
}
_STEP = {**_ACTION, "body": StepIn, "body_required": False, "problems": (InvalidTransition, TooEarly)}


class AppointmentCancel(Appointments):
    """Calling an appointment off."""

    @declares(
        Perm.BOOK,
        action="appointments.cancel",
        body=CancelIn,
        body_required=False,
        problems=(InvalidTransition, NoticeWindow),
        **_ACTION,
    )
    def post(self, appointment_id: uuid.UUID) -> Response:
        """Cancel an appointment; again, it changes nothing. Patients keep the notice window, staff give a reason."""
        cancelling.cancel(
            actor=self.actor,
            appointment_id=appointment_id,
            reason=self.body.get("reason"),
            party=self.body.get("cancelled_by_party"),
        )
        return self.show(self.seen(appointment_id), "Appointment cancelled.")


class AppointmentReschedule(Appointments):
    """Another time for an appointment."""

    def before_patch(self, appointment_id: uuid.UUID) -> Expected:
        """Note as what the appointment is to be moved."""
        return self.as_it_stood(appointment_id)

    before_post = before_patch

    @declares(Perm.BOOK, **_MOVE)
    def patch(self, appointment_id: uuid.UUID) -> Response:
        """Move an appointment in place; on conflict it stands where it was."""
        return self._move(appointment_id)

    @declares(Perm.BOOK, **_MOVE)
    def post(self, appointment_id: uuid.UUID) -> Response:
        """Move an appointment, as PATCH does."""
        return self._move(appointment_id)

    def _move(self, appointment_id: uuid.UUID) -> Response:
        moving.reschedule(actor=self.actor, appointment_id=appointment_id, expected=self.prepared, **self.body)
        return self.show(self.seen(appointment_id), "Appointment moved.")


class AppointmentStatus(Appointments):
    """Where an appointment stands."""

    @declares(
        Perm.FLOW,
        action="appointments.status",
        body=StatusChange,
        problems=(InvalidTransition, TooEarly),
        **READ,
    )
    def patch(self, appointment_id: uuid.UUID) -> Response:
        """Take an appointment to another state, by the rules of the verbs."""
        flow.change_status(
            actor=self.actor,
            appointment_id=appointment_id,
            to=Status(self.body["status"]),
            reason=self.body.get("reason"),
        )
        return self.show(self.seen(appointment_id), "Status changed.")


class _Step(Appointments):
    """A step of the day, under its own name."""

    to: ClassVar[Status]

    def go_on(self, appointment_id: uuid.UUID, message: str) -> Response:
        """Take the step and answer the appointment."""
        reason = self.body.get("reason")
        flow.change_status(actor=self.actor, appointment_id=appointment_id, to=self.to, reason=reason)
        return self.show(self.seen(appointment_id), message)


class AppointmentCheckIn(_Step):
    """Arriving."""

    to = Status.CHECKED_IN

    @declares(Perm.FLOW, action="appointments.check_in", **_STEP)
    def post(self, appointment_id: uuid.UUID) -> Response:
        """Check a patient in; they get the next number in the queue of the doctor's local day."""
        return self.go_on(appointment_id, "Checked in.")


class AppointmentStart(_Step):
    """Being seen."""

    to = Status.IN_PROGRESS

    @declares(Perm.FLOW, action="appointments.start", **_STEP)
    def post(self, appointment_id: uuid.UUID) -> Response:
        """Begin an appointment."""
        return self.go_on(appointment_id, "Begun.")


class AppointmentComplete(_Step):
    """Having been seen."""

    to = Status.COMPLETED

    @declares(Perm.FLOW, action="appointments.complete", **_STEP)
    def post(self, appointment_id: uuid.UUID) -> Response:
        """Complete an appointment, from 15 minutes before its start."""
        return self.go_on(appointment_id, "Completed.")


class AppointmentNoShow(_Step):
    """Not having come."""

    to = Status.NO_SHOW

    @declares(Perm.FLOW, action="appointments.no_show", **_STEP)
    def post(self, appointment_id: uuid.UUID) -> Response:
        """Note that a patient did not come, from 15 minutes after the start."""
        return self.go_on(appointment_id, "Noted as missed.")


_ONE = "/appointments/<uuid:appointment_id>"
api.add_resource(AppointmentCancel, f"{_ONE}/cancel")
api.add_resource(AppointmentReschedule, f"{_ONE}/reschedule")
api.add_resource(AppointmentStatus, f"{_ONE}/status")
api.add_resource(AppointmentCheckIn, f"{_ONE}/check-in")
api.add_resource(AppointmentStart, f"{_ONE}/start")
api.add_resource(AppointmentComplete, f"{_ONE}/complete")
api.add_resource(AppointmentNoShow, f"{_ONE}/no-show")
