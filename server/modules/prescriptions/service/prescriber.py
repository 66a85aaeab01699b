"""Who prescribes: the doctor who is signed in, on a licence that holds, or somebody from outside who is named."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from server.core import clock
from server.core.access import Actor, Scope
from server.core.db import db
from server.core.errors import Forbidden, refused
from server.core.people import full_name
from server.modules.doctors.models import Doctor
from server.modules.prescriptions.enums import PrescriptionStatus, Source
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.service.refusals import LicenseExpired
from server.modules.users.models import User

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Prescriber:
    """Who prescribes, as it is kept."""

    doctor_id: uuid.UUID | None = None
    name: str | None = None
    license_number: str | None = None
    phone: str | None = None


def source_of(said: Mapping[str, Any]) -> Source:
    """Return where a prescription comes from: from outside where that is said, or somebody from there is named."""
    if said.get("source") is not None:
        return Source(said["source"])
    return Source.EXTERNAL if said.get("external_prescriber") or said.get("doctor_name") else Source.INTERNAL


def permission_for(source: str) -> Perm:
    """Return the permission to write prescriptions from there: external ones are the pharmacy's."""
    return Perm.ENTER if source == Source.EXTERNAL else Perm.WRITE


def status_of(actor: Actor, source: str, asked: str | None) -> str:
    """Return as what a new prescription is entered; who only prepares the pharmacist's work enters drafts."""
    if may_finish(actor, source):
        return asked or PrescriptionStatus.ACTIVE
    if asked == PrescriptionStatus.ACTIVE:
        raise Forbidden("You may enter drafts; a pharmacist makes them active.")
    return PrescriptionStatus.DRAFT


def may_finish(actor: Actor, source: str) -> bool:
    """Whether the actor makes prescriptions from there active, and so answers for what the checks find.

    Of those from outside these are the ones who may override for everybody; others of the pharmacy enter drafts.
    """
    return source != Source.EXTERNAL or Scope.ALL in actor.scopes(Perm.OVERRIDE)


def require_finishing(actor: Actor, source: str) -> None:
    """Raise `Forbidden` where the actor may only enter drafts of these."""
    if not may_finish(actor, source):
        raise Forbidden("You may enter drafts; a pharmacist makes them active and answers for what follows.")


def oneself(actor: Actor) -> Prescriber:
    """Return the doctor who is signed in; raise `LicenseExpired` where they may not prescribe any more."""
    profile = db.session.execute(
        select(Doctor.id, Doctor.license_number, Doctor.license_expires_on).where(Doctor.user_id == actor.user_id)
    ).first()
    if profile is None:
        user = db.session.execute(select(User.first_name, User.last_name).where(User.id == actor.user_id)).one()
        return Prescriber(name=full_name(*user)[:_LONGEST_NAME])
    if profile.license_expires_on is not None and profile.license_expires_on < clock.today():
        raise LicenseExpired
    return Prescriber(doctor_id=profile.id, license_number=profile.license_number)


def from_outside(said: Mapping[str, Any]) -> Prescriber:
    """Return the external prescriber whom a body names."""
    named, name = said.get("external_prescriber"), said.get("doctor_name")
    if named is None:
        if name is None:
            raise refused("external_prescriber", why="Say who prescribes.")
        return Prescriber(name=name)
    if name not in (None, named["name"]):
        raise refused("doctor_name", why="This is another name than that of external_prescriber.")
    return Prescriber(name=named["name"], license_number=named["license_number"], phone=named["phone"])


def require_nobody_else(said: Mapping[str, Any]) -> None:
    """Raise a 422 where somebody from outside is named for a prescription of the house."""
    for name in ("external_prescriber", "doctor_name"):
        if said.get(name) is not None:
            raise refused(name, why="A prescription of the house is of the doctor who is signed in.")


def set_prescriber(prescription: Prescription, who: Prescriber) -> None:
    """Write who prescribes."""
    prescription.doctor_id = who.doctor_id
    prescription.prescriber_name = who.name
    prescription.prescriber_license = who.license_number
    prescription.prescriber_phone = who.phone
