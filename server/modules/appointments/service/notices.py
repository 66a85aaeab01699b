"""Tell the patient and the doctor what became of an appointment: each change once, by the doctor's clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from server.core import clock
from server.core.db import db
from server.modules.appointments.enums import Party
from server.modules.appointments.models import Appointment
from server.modules.appointments.queries.audience import Audience, audience_of
from server.modules.notifications.enums import Kind, Turn
from server.modules.notifications.queries import Wish
from server.modules.notifications.service import notify

# To whoever has an account, and to a patient who has an e-mail address alone.
APPOINTMENT_MAIL, APPOINTMENT_LETTER = "appointment", "appointment_letter"


def in_words(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time as people read it, by the wall clock of the place where it is kept."""
    local = moment.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local:%Z}"


def tell_booked(_sender: object, *, appointment: Appointment, audience: Audience | None = None, **_rest: Any) -> None:
    """Tell both sides that an appointment was made, whoever of them made it; of a series they are told at its end.

    Nobody writes to a patient of what is past: of a booking that was entered afterwards the doctor hears alone.
    """
    if appointment.series_id is None:
        audience = _ahead(appointment, audience or _audience(appointment, Kind.APPOINTMENT_BOOKED))
        _tell(appointment, audience, Kind.APPOINTMENT_BOOKED, _everyone(appointment, audience))


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
    """Tell both sides that an appointment will not take place, and the patient's where it is the clinic's doing."""
    audience = _audience(appointment, Kind.APPOINTMENT_CANCELLED)
    by_clinic = appointment.cancelled_party in (Party.CLINIC, Party.PROVIDER)
    to_patient = {"turn": str(Turn.CANCELLED_BY_CLINIC)} if by_clinic else {}
    _tell(appointment, audience, Kind.APPOINTMENT_CANCELLED, _everyone(appointment, audience), to_patient=to_patient)


def tell_moved(
    _sender: object,
    *,
    appointment: Appointment,
    was_starts_at: datetime,
    was_doctor_id: uuid.UUID,
    was_location: str | None = None,
    **_rest: Any,
) -> None:
    """Tell both sides what is new: time, doctor, place; and a doctor from whom the appointment went that it is gone."""
    is_elsewhere = appointment.location is not None and was_location not in (None, appointment.location)
    to_patient = {"place": str(appointment.location)} if is_elsewhere else {}
    kind, other_id = Kind.APPOINTMENT_MOVED, was_doctor_id if was_doctor_id != appointment.doctor_id else None
    audience = _ahead(appointment, _audience(appointment, kind, other_id))
    everyone = _everyone(appointment, audience)
    if other_id is None:
        _tell(appointment, audience, kind, everyone, to_patient=to_patient)
        return
    turn = Turn.OTHER_DOCTOR if was_starts_at == appointment.starts_at else Turn.OTHER_TIME_AND_DOCTOR
    to_patient["turn"] = str(turn)
    _tell(appointment, audience, kind, everyone, more={"turn": str(Turn.TAKEN_OVER)}, to_patient=to_patient)
    former = audience.doctor_users.get(was_doctor_id)
    if former:
        details = _details(Kind.APPOINTMENT_CANCELLED, appointment.id, was_doctor_id, was_starts_at, audience)
        details["turn"] = str(Turn.GIVEN_AWAY)
        _notify(appointment, {former}, Kind.APPOINTMENT_CANCELLED, details, appointment.version)


def tell_patient(appointment: Appointment, kind: Kind, *, version: int) -> None:
    """Tell the patient's side alone; `version` tells this time from others of the same kind."""
    audience = _audience(appointment, kind)
    _tell(appointment, audience, kind, set(audience.patient_users), version=version)


def _ahead(appointment: Appointment, audience: Audience) -> Audience:
    """Return who is told of a time that was agreed on: of one that is past already not the patient's side."""
    if appointment.starts_at > clock.now():
        return audience
    return replace(audience, patient_users=frozenset(), takes_letter=False)


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
    to_patient: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Tell these users, and a patient without an account by letter; the patient's side reads `to_patient` besides."""
    version = appointment.version if version is None else version
    details = {**_details(kind, appointment.id, appointment.doctor_id, appointment.starts_at, audience), **more}
    letters = []
    if audience.takes_letter:
        key, own = f"{APPOINTMENT_LETTER}:{kind}:{appointment.id}:{version}", {**details, **to_patient}
        letters = [{"kind": APPOINTMENT_LETTER, "subject_id": appointment.id, "dedupe_key": key, "details": own}]
    chosen = audience.chosen if audience.kind == kind else None
    apart = dict.fromkeys(audience.patient_users, to_patient)
    _notify(appointment, user_ids, kind, details, version, letters=letters, chosen=chosen, apart=apart)


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
    apart: Mapping[uuid.UUID, Mapping[str, str]] = MappingProxyType({}),
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
        apart=apart,
    )
