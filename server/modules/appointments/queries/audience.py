"""Read who is told of an appointment: the patient, who books for them, the doctor, and by whose clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, String, Uuid, and_, bindparam, or_, select

from server.core import clock
from server.core.direct import fetch
from server.modules.doctors.models import Doctor
from server.modules.notifications.enums import Kind
from server.modules.notifications.models import NotificationPreference
from server.modules.notifications.queries import Wish
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient, Proxy
from server.modules.patients.policies import is_live_proxy


@dataclass(frozen=True, slots=True)
class Audience:
    """The accounts on the patient's side and of each doctor, and whether the patient can only be reached by letter.

    `patient_status` says how the patient fares, `names` what an answer calls the patient and each doctor. `chosen` is
    on which channels they wish to hear of `kind`, where that was asked.
    """

    patient_users: frozenset[uuid.UUID]
    takes_letter: bool
    doctor_users: Mapping[uuid.UUID, uuid.UUID]
    zones: Mapping[uuid.UUID, ZoneInfo]
    patient_status: str
    names: Mapping[uuid.UUID, Mapping[str, Any]]
    kind: Kind | None
    chosen: Mapping[uuid.UUID, Wish]


_NAMES = {
    "patient_first_name": Patient.first_name,
    "patient_last_name": Patient.last_name,
    "patient_mrn": Patient.mrn,
    "doctor_first_name": Doctor.first_name,
    "doctor_last_name": Doctor.last_name,
    "doctor_timezone": Doctor.timezone,
}


def _statement() -> Select[Any]:
    """Return the statement about a patient and one doctor or two; built once."""
    doctors, patients, proxies = Doctor.__table__, Patient.__table__, Proxy.__table__
    is_asked = or_(*(doctors.c.id == bindparam(name, type_=Uuid) for name in ("doctor_id", "other_id")))
    books = and_(proxies.c.patient_id == patients.c.id, proxies.c.may_book, is_live_proxy())
    wishes = NotificationPreference.__table__
    told = or_(*(wishes.c.user_id == table.c.user_id for table in (patients, doctors, proxies)))
    chose = and_(wishes.c.kind == bindparam("kind", type_=String), told)
    return (
        select(
            patients.c.user_id.label("own"),
            patients.c.email,
            patients.c.status,
            proxies.c.user_id.label("proxy"),
            doctors.c.id.label("doctor_id"),
            doctors.c.user_id.label("doctor"),
            *(column.label(name) for name, column in _NAMES.items()),
            wishes.c.user_id.label("chooser"),
            wishes.c.in_app,
            wishes.c.email.label("by_mail"),
        )
        .select_from(patients.join(doctors, is_asked).outerjoin(proxies, books).outerjoin(wishes, chose))
        .where(patients.c.id == bindparam("patient_id", type_=Uuid))
    )


_STATEMENT = _statement()


def audience_of(
    connection: Connection,
    *,
    patient_id: uuid.UUID,
    doctor_id: uuid.UUID,
    other_id: uuid.UUID | None = None,
    kind: Kind | None = None,
) -> Audience:
    """Return whom to tell of an appointment that was made, and of another doctor's, in one statement."""
    found = find_audience(connection, patient_id=patient_id, doctor_id=doctor_id, other_id=other_id, kind=kind)
    if found is None:
        raise LookupError("an appointment has a patient and a doctor")
    return found


def find_audience(
    connection: Connection,
    *,
    patient_id: uuid.UUID,
    doctor_id: uuid.UUID,
    other_id: uuid.UUID | None = None,
    kind: Kind | None = None,
) -> Audience | None:
    """Return whom to tell, or None where there is no such patient.

    Nobody writes to the dead; those who booked for them are told.
    """
    asked = {"patient_id": patient_id, "doctor_id": doctor_id, "other_id": other_id or doctor_id, "kind": kind}
    rows = fetch(connection, _STATEMENT, asked)
    if not rows:
        return None
    lives = rows[0].status != PatientStatus.DECEASED
    own = rows[0].own if lives else None
    return Audience(
        patient_users=frozenset({own, *(row.proxy for row in rows)} - {None}),
        takes_letter=bool(lives and own is None and rows[0].email),
        doctor_users={row.doctor_id: row.doctor for row in rows if row.doctor is not None},
        zones={
            row.doctor_id: ZoneInfo(row.doctor_timezone) if row.doctor_timezone else clock.clinic_zone() for row in rows
        },
        patient_status=rows[0].status,
        names={row.doctor_id: {name: row._mapping[name] for name in _NAMES} for row in rows},
        kind=kind,
        chosen={row.chooser: {"in_app": row.in_app, "email": row.by_mail} for row in rows if row.chooser},
    )
