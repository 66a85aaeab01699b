"""What becomes of bookings when their patient is stopped, or their doctor is about to leave."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from server.core import clock
from server.core.access import Actor
from server.core.db import db
from server.modules.appointments.enums import Party
from server.modules.appointments.models import Appointment
from server.modules.appointments.service import cancelling, holds, stranded
from server.modules.doctors.enums import OnConflict
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import StopReason
from server.modules.patients.models import Patient

_EVER = datetime(2200, 1, 1, tzinfo=UTC)


def on_patient_stopped(_sender: object, *, patient: Patient, actor: Actor | None, reason: StopReason) -> None:
    """Cancel what is still to come for a patient who has died or was deactivated, and release what is held for them.

    Whoever stops them holds their row, and a booking asks for their status under a lock of its own: none slips in.
    """
    holds.release_for(patient.id)
    coming = select(Appointment.id).where(
        Appointment.patient_id == patient.id,
        Appointment.starts_at > clock.now(),
        Appointment.status.in_(cancelling.CANCELLABLE),
    )
    cancelling.cancel_many(
        actor=actor,
        appointment_ids=db.session.scalars(coming).all(),
        reason=f"patient_{reason}",
        party=Party.CLINIC,
    )


def on_doctor_deactivating(_sender: object, *, doctor: Doctor, actor: Actor | None) -> None:
    """Raise `HasBookings` where patients are still to come: they are moved or cancelled first."""
    coming = stranded.in_the_way(doctor_id=doctor.id, since=clock.now(), until=_EVER)
    stranded.settle(actor=actor, lost=coming, on_conflict=OnConflict.REFUSE)
