"""Appointments: list, search, book, one with its changes, one's own, and what became of one."""

from __future__ import annotations

import uuid

from flask import Response

from server.core import answers, trail as trails
from server.core.columns import Expected
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.errors import InvalidTransition, NotFound
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import appointments as queries
from server.modules.appointments.resources.routing import api
from server.modules.appointments.resources.shown import READ, Appointments
from server.modules.appointments.schemas.appointment import (
    AppointmentHistoryAnswer,
    AppointmentQuery,
    AppointmentSearchQuery,
    HistoryCard,
    HistoryOut,
    HistoryQuery,
    OwnAppointmentQuery,
)
from server.modules.appointments.schemas.booking import AppointmentIn, AppointmentPatch, AppointmentPut, CancelQuery
from server.modules.appointments.service import booking, cancelling, changing
from server.modules.appointments.service.refusals import HoldLapsed, NotAvailable, NoticeWindow, PatientInactive
from server.modules.patients.service.people import FieldNotAllowed, PatientDeceased, PatientMerged

_NO_TIME = (SlotTaken, PatientBusy, NotAvailable)
_NOT_FOR = (PatientDeceased, PatientMerged, PatientInactive, FieldNotAllowed)
_CHANGE = {
    **READ,
    "action": "appointments.change",
    "version": "optional",
    "problems": (*_NO_TIME, InvalidTransition, NoticeWindow, FieldNotAllowed),
}


class AppointmentCollection(Appointments):
    """All appointments."""

    @declares(Perm.READ, action="appointments.list", query=AppointmentQuery, many=True, **READ)
    def get(self) -> Response:
        """List the appointments in one's scope."""
        return self.many(queries.page_of_appointments(self.connection, self.actor, self.query))

    @declares(
        Perm.BOOK,
        action="appointments.book",
        body=AppointmentIn,
        problems=(*_NO_TIME, *_NOT_FOR, HoldLapsed),
        **READ,
    )
    def post(self) -> Response:
        """Book an appointment; of all who want a time at once one gets it, the others 409 `slot_taken`."""
        made = booking.make(actor=self.actor, **self.body)
        return self.created(self.made(made), "Appointment booked.")


class AppointmentSearch(Appointments):
    """Search."""

    @declares(Perm.READ, action="appointments.search", query=AppointmentSearchQuery, many=True, **READ)
    def get(self) -> Response:
        """Search the appointments in one's scope by patient, doctor or reason; every word must occur."""
        return self.many(queries.page_of_appointments(self.connection, self.actor, self.query))


class AppointmentItem(Appointments):
    """One appointment."""

    @declares(Perm.READ, action="appointments.read", **READ)
    def get(self, appointment_id: uuid.UUID) -> Response:
        """Show one appointment; who sees the card alone is not told why it was made."""
        return self.show(self.seen(appointment_id))

    def before_patch(self, appointment_id: uuid.UUID) -> Expected:
        """Note as what the appointment is to be changed, should this move it."""
        return self.as_it_stood(appointment_id)

    before_put = before_patch

    @declares(Perm.BOOK, body=AppointmentPut, **_CHANGE)
    def put(self, appointment_id: uuid.UUID) -> Response:
        """Replace what can be written of an appointment; another time or doctor is a move."""
        return self._change(appointment_id, whole=True)

    @declares(Perm.BOOK, body=AppointmentPatch, **_CHANGE)
    def patch(self, appointment_id: uuid.UUID) -> Response:
        """Change what is sent of an appointment; another time or doctor is a move."""
        return self._change(appointment_id, whole=False)

    def _change(self, appointment_id: uuid.UUID, *, whole: bool) -> Response:
        sent = {"appointment_id": appointment_id, "expected": self.expected, "stood": self.prepared, **self.body}
        changing.change(actor=self.actor, whole=whole, **sent)
        return self.show(self.seen(appointment_id), "Appointment changed.")

    @declares(
        Perm.BOOK,
        action="appointments.cancel",
        object_type="appointment",
        query=CancelQuery,
        version="optional",
        problems=(InvalidTransition, NoticeWindow),
    )
    def delete(self, appointment_id: uuid.UUID) -> Response:
        """Cancel an appointment; again, it changes nothing. Patients keep the notice window, staff give a reason."""
        reason = self.query.get("reason")
        cancelling.cancel(actor=self.actor, appointment_id=appointment_id, reason=reason, expected=self.expected)
        return answers.no_content()


class OwnAppointments(Appointments):
    """One's own appointments as a patient."""

    @declares(Perm.READ, action="appointments.list", query=OwnAppointmentQuery, many=True, **READ)
    def get(self) -> Response:
        """List one's own appointments, and those of the patients whose proxy one is."""
        return self.many(queries.page_of_own(self.connection, self.actor, self.query))


class OwnCalendar(Appointments):
    """One's own appointments as a doctor."""

    @declares(Perm.READ, action="appointments.list", query=OwnAppointmentQuery, many=True, **READ)
    def get(self) -> Response:
        """List the appointments in one's own calendar."""
        return self.many(queries.page_of_calendar(self.connection, self.actor, self.query))


class AppointmentHistory(Appointments):
    """What became of one appointment."""

    @declares(
        Perm.READ,
        action="appointments.history",
        object_type="appointment",
        query=HistoryQuery,
        out=AppointmentHistoryAnswer,
        many=True,
    )
    def get(self, appointment_id: uuid.UUID) -> Response:
        """List who changed what of an appointment and when, oldest first."""
        found = queries.in_scope(self.connection, self.actor, Perm.READ, appointment_id)
        if found is None:
            raise NotFound
        trails.current().about(appointment_id, patient_id=found.patient_id)
        shape = HistoryOut if found.way.shows_all else HistoryCard
        page = queries.page_of_history(self.connection, appointment_id, self.query)
        return self.page(page, dump=row_dumper(shape, page.columns))


api.add_resource(AppointmentCollection, "/appointments")
api.add_resource(AppointmentSearch, "/appointments/search")
api.add_resource(AppointmentItem, "/appointments/<uuid:appointment_id>")
api.add_resource(OwnAppointments, "/appointments/me")
api.add_resource(OwnCalendar, "/appointments/doctor/me")
api.add_resource(AppointmentHistory, "/appointments/<uuid:appointment_id>/history")
