"""Rules of the waiting list: who waits, who answers an offer, and when a wait is over.

Time that is free already is listed and can be booked; the list is for time that comes free later.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import exists, select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import Conflict, InvalidTransition, NotFound, refused
from server.modules.appointments.enums import LIVE_WAITS, Reason, WaitStatus
from server.modules.appointments.models import WaitlistEntry
from server.modules.appointments.models.booking import SlotTaken
from server.modules.appointments.queries.waiting import in_reach
from server.modules.appointments.service import booking, doors, offers
from server.modules.appointments.service.refusals import HoldLapsed, NotAvailable, not_available
from server.modules.appointments.service.whom import bookable_patient
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor, Specialty
from server.modules.patients.models import Patient
from server.modules.patients.service import people


class AlreadyWaiting(Conflict):
    """The patient waits for this already, on some of these days; withdraw that first."""

    code = "already_waiting"


class NotOffered(Conflict):
    """There is no offer to answer: none was made yet, or it was answered."""

    code = "not_offered"


class OfferLapsed(Conflict):
    """The offer was not answered in time and has passed on."""

    code = "offer_lapsed"
    keeps_changes = True


def join(
    *,
    actor: Actor,
    doctor_id: uuid.UUID | None,
    specialty_id: uuid.UUID | None,
    patient_id: uuid.UUID | None,
    first_day: date,
    last_day: date,
    **fields: Any,
) -> WaitlistEntry:
    """Put a patient on the waiting list for a doctor, or for any doctor of a specialty."""
    if last_day < clock.today():
        raise refused("to", why="Must not be in the past.")
    as_staff = doors.is_staff(actor, _user_of(doctor_id, specialty_id))
    whom = bookable_patient(actor=actor, patient_id=patient_id, as_staff=as_staff)
    people.hold(whom)
    wish = (WaitlistEntry.doctor_id == doctor_id, WaitlistEntry.specialty_id == specialty_id)
    is_live = (WaitlistEntry.patient_id == whom, WaitlistEntry.status.in_(LIVE_WAITS))
    shares_days = (WaitlistEntry.first_day <= last_day, WaitlistEntry.last_day >= first_day)
    if db.session.scalar(select(exists().where(*wish, *is_live, *shares_days))):
        raise AlreadyWaiting
    entry = WaitlistEntry(
        doctor_id=doctor_id,
        specialty_id=specialty_id,
        patient_id=whom,
        first_day=first_day,
        last_day=last_day,
        added_by=actor.user_id,
        **fields,
    )
    db.session.add(entry)
    db.session.flush()
    _note(actor, entry)
    return entry


def withdraw(*, actor: Actor, entry_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """Take a patient off the list; what they were offered passes on. Again, it changes nothing."""
    entry = _locked(actor, entry_id)
    if entry.status == WaitStatus.BOOKED:
        raise InvalidTransition("The offer was accepted; cancel the appointment instead.")
    if entry.status not in LIVE_WAITS:
        return
    entry.require(expected)
    _let_go(entry, WaitStatus.DECLINED)


def accept(*, actor: Actor, entry_id: uuid.UUID) -> WaitlistEntry:
    """Book what was offered; of two who accept at once one does. Whose offer is void by now waits on."""
    entry = _locked(actor, entry_id)
    _require_offer(entry)
    if entry.offer_doctor_id is None or entry.offer_starts_at is None:
        raise NotOffered
    try:
        # What was written before the refusal is undone, and the place on the list is kept.
        with db.session.begin_nested():
            booking.book(
                actor=actor,
                patient_id=entry.patient_id,
                doctor_id=entry.offer_doctor_id,
                starts_at=entry.offer_starts_at,
                hold_id=entry.offer_hold_id,
            )
    except (NotAvailable, SlotTaken, HoldLapsed) as refusal:
        offers.take_back(entry)
        refusal.keeps_changes = True
        raise
    return entry


def decline(*, actor: Actor, entry_id: uuid.UUID) -> WaitlistEntry:
    """Let an offer go to the next; one's own wait is over. Again, it changes nothing."""
    entry = _locked(actor, entry_id)
    if entry.status != WaitStatus.DECLINED:
        _require_offer(entry)
        _let_go(entry, WaitStatus.DECLINED)
    return entry


def close_for(_sender: object, *, patient: Patient, **_rest: Any) -> None:
    """End the waits of a patient for whom nothing new may happen.

    An entry that somebody has locked is about to be answered or offered: that waits for the patient, who is locked
    already, and finds them stopped.
    """
    of_patient = select(WaitlistEntry).where(
        WaitlistEntry.patient_id == patient.id, WaitlistEntry.status.in_(LIVE_WAITS)
    )
    for entry in db.session.scalars(of_patient.order_by(WaitlistEntry.id).with_for_update(skip_locked=True)).all():
        _let_go(entry, WaitStatus.EXPIRED)


def _user_of(doctor_id: uuid.UUID | None, specialty_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return the account of the doctor who is waited for; raise where nobody can be."""
    if specialty_id is not None:
        if not db.session.scalar(select(exists().where(Specialty.id == specialty_id))):
            raise refused("specialty_id", why="There is no such specialty.")
        return None
    found = db.session.execute(select(Doctor.user_id, Doctor.status).where(Doctor.id == doctor_id)).first()
    if found is None:
        raise refused("doctor_id", why="There is no such doctor.")
    if found.status != DoctorStatus.ACTIVE:
        raise not_available([Reason.DOCTOR_INACTIVE])
    user_id: uuid.UUID | None = found.user_id
    return user_id


def _locked(actor: Actor, entry_id: uuid.UUID) -> WaitlistEntry:
    """Return an entry in the actor's reach; nobody else answers it until the unit of work ends."""
    stmt = select(WaitlistEntry).where(WaitlistEntry.id == entry_id, in_reach(actor))
    entry = db.session.scalar(stmt.with_for_update().execution_options(populate_existing=True))
    if entry is None:
        raise NotFound
    _note(actor, entry)
    return entry


def _require_offer(entry: WaitlistEntry) -> None:
    """Raise unless there is an offer that stands; one that has lapsed passes on first."""
    if offers.has_lapsed(entry):
        offers.lapse(entry)
        raise OfferLapsed
    if entry.status == WaitStatus.EXPIRED and entry.offer_hold_id is not None:
        raise OfferLapsed
    if entry.status != WaitStatus.OFFERED:
        raise NotOffered


def _let_go(entry: WaitlistEntry, status: WaitStatus) -> None:
    was_offered = entry.status == WaitStatus.OFFERED
    entry.status = status
    if was_offered:
        offers.pass_on(entry)
    db.session.flush()


def _note(actor: Actor, entry: WaitlistEntry) -> None:
    """Have the audit row say whose entry it is, and for which ward the actor acts."""
    trail = trails.current()
    trail.about(entry.id, patient_id=entry.patient_id)
    owner = db.session.scalar(select(Patient.user_id).where(Patient.id == entry.patient_id))
    doctor = db.session.scalar(select(Doctor.user_id).where(Doctor.id == entry.doctor_id)) if entry.doctor_id else None
    if owner != actor.user_id and not doors.is_staff(actor, doctor):
        trail.seen_for(entry.patient_id)
