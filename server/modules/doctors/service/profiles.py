"""Rules of doctors: who gets a profile, what of it counts for the calendar, and how doctors come and go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect, select

from server.core import trail as trails
from server.core.access import Actor, Role
from server.core.columns import ANY_VERSION, Expected
from server.core.constraints import on_violation
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.search import search_text
from server.core.text import fold, fold_key
from server.modules.doctors import signals
from server.modules.doctors.enums import DoctorStatus
from server.modules.doctors.models import Doctor, DoctorSpecialty
from server.modules.doctors.service import specialties
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User
from server.modules.users.policies import Perm as UsersPerm

# A change of one of these makes other times free: bookings judged by the former ones have to be judged again.
_OF_THE_CALENDAR = frozenset({"status", "default_duration_minutes", "timezone"})


class AlreadyHasProfile(Conflict):
    """This account has a doctor's profile already."""

    code = "already_has_profile"


on_violation("uq_doctors_user_id", AlreadyHasProfile, field="user_id")


def add(*, actor: Actor | None, email: str | None = None, **fields: Any) -> Doctor:
    """Make a doctor: for an account that stands, with one that is invited to `email`, or without any."""
    if email is not None:
        fields["user_id"] = _invited(actor, email, fields).id
    elif fields.get("user_id") is not None:
        _lock_account(fields["user_id"])
    doctor = Doctor()
    if fields.get("id"):
        doctor.id = fields.pop("id")
    write(doctor, fields)
    db.session.add(doctor)
    db.session.flush()
    trails.current().about(doctor.id)
    if doctor.user_id is not None:
        signals.account_changed.send(doctor=doctor)
    return doctor


def _invited(actor: Actor | None, email: str, fields: Mapping[str, Any]) -> User:
    if actor is not None:
        actor.require(UsersPerm.MANAGE)
    names = {name: fields[name] for name in ("first_name", "last_name")}
    return users.invite(email=email, roles=[Role.DOCTOR], **names)


def _lock_account(user_id: uuid.UUID) -> None:
    """Have whoever closes the account wait, and refuse one that is no open account of a doctor.

    Accounts are locked before profiles, as when an account is closed.
    """
    user = db.session.get(User, user_id, with_for_update=True)
    if user is None or Role.DOCTOR not in user.roles or user.status == UserStatus.DEACTIVATED:
        raise refused("user_id", why="This is not the id of an open account of role doctor.")


def make_own(*, actor: Actor, **fields: Any) -> Doctor:
    """Make one's own profile, as a user of role doctor who has none; names not given are those of the account."""
    user = users.get_for_update(actor.user_id)
    if db.session.scalar(select(Doctor.id).where(Doctor.user_id == user.id)) is not None:
        raise AlreadyHasProfile
    names = {"first_name": user.first_name, "last_name": user.last_name}
    return add(actor=actor, **{**names, **fields, "user_id": user.id})


def change(
    *,
    actor: Actor,
    doctor_id: uuid.UUID,
    expected: Expected = ANY_VERSION,
    on_conflict: str | None = None,
    **changes: Any,
) -> Doctor:
    """Change a doctor; another account, or none, changes whose calendar it is, another zone when the hours are."""
    if changes.get("user_id") is not None:
        _lock_account(changes["user_id"])
    doctor = locked(doctor_id)
    doctor.require(expected)
    former_id, was_timezone = doctor.user_id, doctor.timezone
    status = changes.pop("status", doctor.status)
    write(doctor, changes)
    db.session.flush()
    if doctor.user_id != former_id:
        signals.account_changed.send(doctor=doctor)
    if doctor.timezone != was_timezone:
        signals.clock_changing.send(doctor=doctor, actor=actor, was_timezone=was_timezone, on_conflict=on_conflict)
    if status != doctor.status:
        _set_status(actor, doctor, status)
    return doctor


def change_own(*, actor: Actor, expected: Expected = ANY_VERSION, **changes: Any) -> Doctor:
    """Change what doctors write of themselves."""
    own_id = db.session.scalar(select(Doctor.id).where(Doctor.user_id == actor.user_id))
    if own_id is None:
        raise NotFound
    return change(actor=actor, doctor_id=own_id, expected=expected, **changes)


def deactivate(*, actor: Actor, doctor_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """Take a doctor out of the lists, unless appointments stand in the way. Again, it changes nothing."""
    doctor = locked(doctor_id)
    if doctor.status == DoctorStatus.INACTIVE:
        return
    doctor.require(expected)
    _set_status(actor, doctor, DoctorStatus.INACTIVE)


def _set_status(actor: Actor, doctor: Doctor, status: str) -> None:
    """Change the status and count the calendar up before anybody looks for bookings: none slips in beside it."""
    write(doctor, {"status": status})
    db.session.flush()
    if status == DoctorStatus.INACTIVE:
        signals.deactivating.send(doctor=doctor, actor=actor)


def close_with_account(_sender: object, *, user: User) -> None:
    """Let nobody book a doctor whose account was closed; what is booked stays, to be moved or cancelled by the desk.

    Closing an account never waits for the calendar: it may be that somebody else has it in their hands.
    """
    doctor = db.session.scalar(select(Doctor).where(Doctor.user_id == user.id).with_for_update())
    if doctor is not None:
        write(doctor, {"status": DoctorStatus.INACTIVE})
        db.session.flush()


def close_without_role(_sender: object, *, user: User) -> None:
    """Close the profile of an account that is no doctor's any more, as when the account is closed."""
    if Role.DOCTOR not in user.roles:
        close_with_account(_sender, user=user)


def locked(doctor_id: uuid.UUID) -> Doctor:
    """Return a doctor, the row locked until the end of the unit of work, or raise `NotFound`."""
    doctor = db.session.get(Doctor, doctor_id, with_for_update=True)
    if doctor is None:
        raise NotFound
    trails.current().about(doctor.id)
    return doctor


def write(doctor: Doctor, changes: Mapping[str, Any]) -> None:
    """Set fields of a doctor, renew the columns that are made of others, and count the calendar up where it changes."""
    changes = dict(changes)
    if "specialties" in changes:
        _write_specialties(doctor, changes.pop("specialties"))
    if any(name in _OF_THE_CALENDAR and getattr(doctor, name) != value for name, value in changes.items()):
        doctor.calendar_version = (doctor.calendar_version or 0) + 1
    for name, value in changes.items():
        setattr(doctor, name, value)
    doctor.last_name_key = fold_key(doctor.last_name)
    doctor.city_key = fold_key(doctor.city) if doctor.city else None
    doctor.fee_key = doctor.consultation_fee or 0
    doctor.language_keys = search_text(*([tag.lower(), tag.partition("-")[0]] for tag in doctor.languages or []))
    shown = (doctor.last_name, doctor.first_name, doctor.title, doctor.city)
    doctor.search_text = search_text(*(fold(text) for text in shown if text))


def _write_specialties(doctor: Doctor, codes: list[str]) -> None:
    wanted = specialties.ids_of(codes)
    standing = {row.specialty_id: row for row in doctor.specialty_rows}
    if standing.keys() == wanted:
        return
    doctor.specialty_rows = [standing.get(one) or DoctorSpecialty(specialty_id=one) for one in sorted(wanted)]
    if inspect(doctor).persistent:
        doctor.touch()
    trails.current().changed.add("specialties")
