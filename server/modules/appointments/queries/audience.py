"""Read who is told of an appointment: the patient, who books for them, the doctor, and by whose clock."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, select

from server.core import clock
from server.modules.doctors.models import Doctor
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import Patient, Proxy
from server.modules.patients.policies import is_live_proxy


@dataclass(frozen=True, slots=True)
class Audience:
    """The accounts on the patient's side and of each doctor, and whether the patient can only be reached by letter."""

    patient_users: frozenset[uuid.UUID]
    takes_letter: bool
    doctor_users: Mapping[uuid.UUID, uuid.UUID]
    zones: Mapping[uuid.UUID, ZoneInfo]


def audience_of(connection: Connection, *, patient_id: uuid.UUID, doctor_ids: Iterable[uuid.UUID]) -> Audience:
    """Return whom to tell, in one statement; nobody writes to the dead, those who booked for them are told."""
    doctors, patients, proxies = Doctor.__table__, Patient.__table__, Proxy.__table__
    books = and_(proxies.c.patient_id == patients.c.id, proxies.c.may_book, is_live_proxy())
    stmt = (
        select(
            patients.c.user_id.label("own"),
            patients.c.email,
            patients.c.status,
            proxies.c.user_id.label("proxy"),
            doctors.c.id.label("doctor_id"),
            doctors.c.user_id.label("doctor"),
            doctors.c.timezone,
        )
        .select_from(patients.join(doctors, doctors.c.id.in_(set(doctor_ids))).outerjoin(proxies, books))
        .where(patients.c.id == patient_id)
    )
    rows = connection.execute(stmt).all()
    lives = rows[0].status != PatientStatus.DECEASED
    own = rows[0].own if lives else None
    return Audience(
        patient_users=frozenset({own, *(row.proxy for row in rows)} - {None}),
        takes_letter=bool(lives and own is None and rows[0].email),
        doctor_users={row.doctor_id: row.doctor for row in rows if row.doctor is not None},
        zones={row.doctor_id: ZoneInfo(row.timezone) if row.timezone else clock.clinic_zone() for row in rows},
    )
