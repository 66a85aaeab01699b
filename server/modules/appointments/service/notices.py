"""Tell the patient and the doctor what became of an appointment: each change once, by the doctor's clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from server.core.db import db
from server.modules.appointments.models import Appointment
from server.modules.appointments.queries.audience import Audience, audience_of
from server.modules.notifications.enums import Kind
from server.modules.notifications.queries import Wish
from server.modules.notifications.service import notify

# To whoever has an account, and to a patient who has an e-mail address alone.
APPOINTMENT_MAIL, APPOINTMENT_LETTER = "appointment", "appointment_letter"


def in_words(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time as people read it, by the wall clock of the place where it is kept."""
    local = moment.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z}"


def tell_booked(_sender: object, *, appointment: Appointment, audience: Audience | None = None, **_rest: Any) -> None:
    """Tell both sides that an appointment was made, whoever of them made it; of a series they are told at its end."""
    if appointment.series_id is None:
        _tell_both(appointment, Kind.APPOINTMENT_BOOKED, audience)


def tell_series(appointments: Sequence[Appointment]) -> None:
    """Tell both sides once of all times of a series."""
    first, *others = appointments
    audience = _audience(first, Kind.APPOINTMENT_BOOKED)
    zone = audience.zones[first.doctor_id]
    when = in_words(first.starts_at, zone)
    more = {
        "when": f"{when}, and {len(others)} more" if others else when,
        "times": "\n".join(in_words(one.starts_at, zone) for one in appointments),
    }
    _tell(first, audience, Kind.APPOINTMENT_BOOKED, _everyone(first, audience), more=more)


def tell_cancelled(_sender: object, *, appointment: Appointment, **_rest: Any) -> None:
    """Tell both sides that an appointment will not take place."""
    _tell_both(appointment, Kind.APPOINTMENT_CANCELLED)


def tell_moved(
    _sender: object,
    *,
    appointment: Appointment,
    was_starts_at: datetime,
    was_doctor_id: uuid.UUID,
    **_rest: Any,
) -> None:
    """Tell both sides the new time; a doctor from whom the appointment went is told that the old one is off."""
    if was_doctor_id == appointment.doctor_id:
        _tell_both(appointment, Kind.APPOINTMENT_MOVED)
        return
    audience = _audience(appointment, Kind.APPOINTMENT_MOVED, was_doctor_id)
    _tell(appointment, audience, Kind.APPOINTMENT_MOVED, _everyone(appointment, audience))
    former = audience.doctor_users.get(was_doctor_id)
    if former:
        details = _details(Kind.APPOINTMENT_CANCELLED, appointment.id, was_doctor_id, was_starts_at, audience)
        _notify(appointment, {former}, Kind.APPOINTMENT_CANCELLED, details, appointment.version)


def tell_patient(appointment: Appointment, kind: Kind, *, version: int) -> None:
    """Tell the patient's side alone; `version` tells this time from others of the same kind."""
    audience = _audience(appointment, kind)
    _tell(appointment, audience, kind, set(audience.patient_users), version=version)


def _tell_both(appointment: Appointment, kind: Kind, audience: Audience | None = None) -> None:
    audience = audience or _audience(appointment, kind)
    _tell(appointment, audience, kind, _everyone(appointment, audience))


def _audience(appointment: Appointment, kind: Kind, other_id: uuid.UUID | None = None) -> Audience:
    db.session.flush()  # its version counts the change that is told
    return audience_of(
        db.session.connection(),
        patient_id=appointment.patient_id,
        doctor_id=appointment.doctor_id,
        other_id=other_id,
        kind=kind,
    )


def _everyone(appointment: Appointment, audience: Audience) -> set[uuid.UUID]:
    doctor = audience.doctor_users.get(appointment.doctor_id)
    return {*audience.patient_users, *([doctor] if doctor else [])}


def _tell(
    appointment: Appointment,
    audience: Audience,
    kind: Kind,
    user_ids: set[uuid.UUID],
    *,
    version: int | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    version = appointment.version if version is None else version
    details = {**_details(kind, appointment.id, appointment.doctor_id, appointment.starts_at, audience), **more}
    letters = []
    if audience.takes_letter:
        key = f"{APPOINTMENT_LETTER}:{kind}:{appointment.id}:{version}"
        letters = [{"kind": APPOINTMENT_LETTER, "subject_id": appointment.id, "dedupe_key": key, "details": details}]
    chosen = audience.chosen if audience.kind == kind else None
    _notify(appointment, user_ids, kind, details, version, letters=letters, chosen=chosen)


def _details(
    kind: Kind, appointment_id: uuid.UUID, doctor_id: uuid.UUID, starts_at: datetime, audience: Audience
) -> dict[str, Any]:
    """Return what the words are made of, and by which the mail is checked once more before it leaves."""
    return {
        "when": in_words(starts_at, audience.zones[doctor_id]),
        "about": str(kind),
        "appointment_id": str(appointment_id),
        "doctor_id": str(doctor_id),
        "starts_at": starts_at.isoformat(),
    }


def _notify(
    appointment: Appointment,
    user_ids: set[uuid.UUID],
    kind: Kind,
    details: dict[str, Any],
    version: int,
    *,
    letters: Sequence[Mapping[str, Any]] = (),
    chosen: Mapping[uuid.UUID, Wish] | None = None,
) -> None:
    notify(
        user_ids=user_ids,
        kind=kind,
        source_type="appointment",
        source_id=appointment.id,
        version=version,
        details=details,
        mail=APPOINTMENT_MAIL,
        letters=letters,
        chosen=chosen,
    )
