"""Write the mails of this module: when and where it is and where to see more, nothing of what for or with whom.

Each looks again before it leaves: what is no longer so is not sent.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from server.core import clock, state
from server.core.db import db
from server.modules.appointments.enums import LIVE, WaitStatus
from server.modules.appointments.models import Appointment, WaitlistEntry
from server.modules.appointments.service.notices import APPOINTMENT_LETTER, APPOINTMENT_MAIL
from server.modules.appointments.service.offers import OFFER_LETTER, OFFER_MAIL
from server.modules.auth.mails import letter
from server.modules.doctors.queries.clinic import clinic_name, how_to_reach
from server.modules.notifications.addresses import address_of
from server.modules.notifications.enums import Kind, Turn
from server.modules.notifications.service import mail_kind
from server.modules.notifications.words import words_of
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient

Details = dict[str, Any]


def install() -> None:
    """Register the composers of this module's mails."""
    mail_kind(APPOINTMENT_MAIL)(appointment_to_user)
    mail_kind(APPOINTMENT_LETTER)(appointment_to_patient)
    mail_kind(OFFER_MAIL)(offer_to_user)
    mail_kind(OFFER_LETTER)(offer_to_patient)


def appointment_to_user(user_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Tell somebody with an account what became of an appointment."""
    address = address_of(user_id)
    if address is None or not _is_so(details):
        return None
    if details.get("turn") == Turn.GIVEN_AWAY:
        return _about(address.email, details)  # it is out of this doctor's reach
    return _about(address.email, details, f"See it here: {link('appointments', details['appointment_id'])}")


def appointment_to_patient(appointment_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Tell a patient who has no account what became of an appointment."""
    stmt = select(Patient.email, Patient.status).where(
        Patient.id == select(Appointment.patient_id).where(Appointment.id == appointment_id).scalar_subquery()
    )
    patient = db.session.execute(stmt).first()
    if patient is None or not patient.email or patient.status == PatientStatus.DECEASED or not _is_so(details):
        return None
    is_off = details["about"] == Kind.APPOINTMENT_CANCELLED
    what_for = "To book another" if is_off else "To change it, or if you cannot come"
    return _about(patient.email, details, _call(what_for))


def offer_to_user(user_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Tell somebody with an account of time that came free, while it is held."""
    address = address_of(user_id)
    if address is None or _waiting_patient(details) is None:
        return None
    return _offered(address.email, details, f"Accept or decline it here: {link('waitlist', details['entry_id'])}")


def offer_to_patient(_patient_id: uuid.UUID, details: Details) -> EmailMessage | None:
    """Tell a patient who has no account of time that came free, while it is held."""
    patient = _waiting_patient(details)
    if patient is None or not patient.email or patient.status != PatientStatus.ACTIVE:
        return None
    return _offered(patient.email, details, _call("To accept it"))


def link(*path: str) -> str:
    """Return the address of a page; it comes from the settings alone, never from a request."""
    return "/".join((state.settings().frontend_url.rstrip("/"), *path))


def _call(what_for: str) -> str:
    """Return what those do who have no account."""
    return f"{what_for}, please {how_to_reach(db.session.connection())}."


def _about(email: str, details: Details, *ending: str) -> EmailMessage:
    title, body = words_of(Kind(details["about"]), {"turn": details["turn"]} if "turn" in details else {})
    where = [f"Another place: {place}" if "place" in details else place for place in _places(details)]
    return _letter(email, title, body, "\n".join([str(details.get("times", details["when"])), *where]), *ending)


def _letter(email: str, title: str, *paragraphs: str) -> EmailMessage:
    text = "\n\n".join(paragraphs)
    return letter(email, title, f"{text}\n", clinic=clinic_name(db.session.connection()))


def _places(details: Details) -> list[str]:
    """Return where it takes place, if that was said; of several times only where it is the same for all."""
    if details["about"] == Kind.APPOINTMENT_CANCELLED:
        return []
    told_id = uuid.UUID(details["appointment_id"])
    is_told = Appointment.id == told_id
    if "times" in details:
        series = select(Appointment.series_id).where(Appointment.id == told_id).scalar_subquery()
        is_told |= Appointment.series_id == series
    places = db.session.scalars(select(Appointment.location).where(is_told).distinct()).all()
    return [place for place in places if place] if len(places) == 1 else []


def _is_so(details: Details) -> bool:
    """Whether the appointment stands as told or, where it was told that it is off, does not."""
    if "about" not in details:
        return False  # emptied with age
    starts_at, about = datetime.fromisoformat(details["starts_at"]), Kind(details["about"])
    stmt = select(Appointment.id).where(
        Appointment.id == uuid.UUID(details["appointment_id"]),
        Appointment.doctor_id == uuid.UUID(details["doctor_id"]),
        Appointment.starts_at == starts_at,
        Appointment.status.in_(LIVE),
    )
    stands = db.session.execute(stmt).first() is not None
    if about == Kind.APPOINTMENT_REMINDER:
        return stands and starts_at > clock.now()
    return stands != (about == Kind.APPOINTMENT_CANCELLED)


def _waiting_patient(details: Details) -> Patient | None:
    """Return the patient of an offer that stands and was not answered."""
    if "hold_id" not in details:
        return None  # emptied with age
    stmt = select(Patient).join(WaitlistEntry, WaitlistEntry.patient_id == Patient.id)
    stands = (WaitlistEntry.status == WaitStatus.OFFERED, WaitlistEntry.offer_expires_at > clock.now())
    found: Patient | None = db.session.scalar(
        stmt.where(WaitlistEntry.offer_hold_id == uuid.UUID(details["hold_id"]), *stands)
    )
    return found


def _offered(email: str, details: Details, ending: str) -> EmailMessage:
    title, body = words_of(Kind.APPOINTMENT_OFFERED, {})
    return _letter(email, title, body, f"{details['when']}\nheld until {details['until']}", ending)
