"""The waiting list over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response

from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.errors import InvalidTransition
from server.core.resource import Resource
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import waiting as queries
from server.modules.appointments.resources.routing import api
from server.modules.appointments.schemas.waiting import WaitlistIn, WaitlistOut, WaitlistQuery
from server.modules.appointments.service import waiting as service
from server.modules.appointments.service.refusals import HoldLapsed, NotAvailable, PatientInactive
from server.modules.patients.service.people import PatientDeceased, PatientMerged

_ENTRY = {"object_type": "waitlist_entry", "out": WaitlistOut}
_PATIENT = (PatientDeceased, PatientMerged, PatientInactive)
_ANSWERED = (service.NotOffered, service.OfferLapsed)


class _Waiting(Resource):
    """Shows entries."""

    def shown(self, entry_id: uuid.UUID) -> dict[str, Any]:
        """Return one entry."""
        return row_dumper(WaitlistOut, queries.COLUMNS)(queries.entry_row(self.connection, self.actor, entry_id))


class WaitlistCollection(_Waiting):
    """The waiting list."""

    @declares(Perm.BOOK, action="waitlist.list", query=WaitlistQuery, many=True, **_ENTRY)
    def get(self) -> Response:
        """List who waits, of those whom one may book for; who waits longest comes first."""
        return self.page(queries.page_of_entries(self.connection, self.actor, self.query))

    @declares(
        Perm.BOOK,
        action="waitlist.join",
        body=WaitlistIn,
        problems=(service.AlreadyWaiting, NotAvailable, *_PATIENT),
        **_ENTRY,
    )
    def post(self) -> Response:
        """Wait for time to come free; time that is free already is among the free slots."""
        entry = service.join(actor=self.actor, **self.body)
        return self.created(self.shown(entry.id), "You will be told when time comes free.")


class WaitlistItem(_Waiting):
    """One place on the waiting list."""

    @declares(Perm.BOOK, action="waitlist.read", **_ENTRY)
    def get(self, entry_id: uuid.UUID) -> Response:
        """Show one entry and what is offered."""
        return self.show(self.shown(entry_id))

    @declares(
        Perm.BOOK,
        action="waitlist.withdraw",
        object_type="waitlist_entry",
        version="optional",
        problems=(InvalidTransition,),
    )
    def delete(self, entry_id: uuid.UUID) -> Response:
        """Wait no more; what was offered passes on."""
        service.withdraw(actor=self.actor, entry_id=entry_id, expected=self.expected)
        return self.gone()


class WaitlistAccept(_Waiting):
    """Yes."""

    @declares(
        Perm.BOOK,
        action="waitlist.accept",
        status=200,
        problems=(*_ANSWERED, HoldLapsed, NotAvailable, SlotTaken, PatientBusy, *_PATIENT),
        **_ENTRY,
    )
    def post(self, entry_id: uuid.UUID) -> Response:
        """Book what is offered."""
        service.accept(actor=self.actor, entry_id=entry_id)
        return self.show(self.shown(entry_id), "Appointment booked.")


class WaitlistDecline(_Waiting):
    """No."""

    @declares(Perm.BOOK, action="waitlist.decline", status=200, problems=_ANSWERED, **_ENTRY)
    def post(self, entry_id: uuid.UUID) -> Response:
        """Let the offer pass on to the next who waits, and wait no more."""
        service.decline(actor=self.actor, entry_id=entry_id)
        return self.show(self.shown(entry_id), "Offer declined.")


api.add_resource(WaitlistCollection, "/waitlist")
api.add_resource(WaitlistItem, "/waitlist/<uuid:entry_id>")
api.add_resource(WaitlistAccept, "/waitlist/<uuid:entry_id>/accept")
api.add_resource(WaitlistDecline, "/waitlist/<uuid:entry_id>/decline")
