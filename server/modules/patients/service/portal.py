"""Rules of the portal: whose account a chart is tied to, by invitation or by registering oneself."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from server.core import clock, trail as trails
from server.core.access import Actor, Role
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.fields import normal_form
from server.core.ids import new_id
from server.modules.auth.models import Purpose
from server.modules.auth.service.links import LinkInvalid, revoke_for
from server.modules.notifications.enums import Kind, SecurityEvent
from server.modules.notifications.service import enqueue_mail, notify
from server.modules.patients.models import Patient
from server.modules.patients.policies import Perm
from server.modules.patients.queries.access import last_writer_of_email
from server.modules.patients.queries.people import in_scope
from server.modules.patients.service import people
from server.modules.patients.service.glass import watchers
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User

PORTAL_MAIL = "portal_invitation"

# An address that somebody wrote within this time and invites to is told to the admins.
LATELY = timedelta(days=7)


class AlreadyHasAccount(Conflict):
    """This patient has an account already."""

    code = "already_has_account"


def register(*, actor: Actor, create_user_account: bool = False, **fields: Any) -> Patient:
    """Register a patient and, where that is asked for, invite them to the portal."""
    if create_user_account:
        actor.require(Perm.INVITE)
    patient = people.register(actor=actor, **fields)
    if create_user_account:
        invite(actor=actor, patient_id=patient.id)
    return patient


def invite(*, actor: Actor, patient_id: uuid.UUID) -> Patient:
    """Mail a living patient without an account, to their own address, a link that ties an account to this chart."""
    if in_scope(db.session.connection(), actor, Perm.INVITE, patient_id) is None:
        raise NotFound
    trails.current().about(patient_id, patient_id=patient_id)
    revoke_for(patient_id, Purpose.PORTAL)  # before the chart is locked, as whoever accepts a link does it
    patient = db.session.get_one(Patient, patient_id, with_for_update=True)
    people.require_living(patient)
    if patient.user_id is not None:
        raise AlreadyHasAccount
    if patient.email is None:
        raise refused("email", why="The patient has no e-mail address to send the link to.")
    user = _account_of(patient)
    _require_no_chart_but(patient, user)
    if user.id == actor.user_id or _wrote_address(user.id, patient_id):
        raise refused("email", why="This is the address of your own account, or of whoever wrote it here.")
    _tell_of_new_address(actor, patient)
    enqueue_mail(kind=PORTAL_MAIL, subject_id=patient.id, dedupe_key=f"{PORTAL_MAIL}:{new_id()}")
    return patient


def _wrote_address(user_id: uuid.UUID, patient_id: uuid.UUID) -> bool:
    """Whether the user wrote the patient's address: with their own there they would make the chart theirs."""
    written = last_writer_of_email(db.session.connection(), patient_id)
    return written is not None and written.actor_id == user_id


def _tell_of_new_address(actor: Actor, patient: Patient) -> None:
    """Tell the admins where somebody invites to an address that they wrote themselves of late."""
    written = last_writer_of_email(db.session.connection(), patient.id)
    if written is None or written.action == "patients.register" or written.actor_id != actor.user_id:
        return
    if written.at > clock.now() - LATELY:
        notify(
            user_ids=watchers(),
            kind=Kind.SECURITY,
            source_type="patient",
            source_id=patient.id,
            version=patient.version,
            details={"event": SecurityEvent.INVITED_TO_NEW_ADDRESS},
        )


def _account_of(patient: Patient) -> User:
    """Return the account with the patient's address, or a new one that nobody has opened yet."""
    user = owner_of(patient)
    if user is None:
        return users.create(
            email=patient.email or "",
            first_name=patient.first_name,
            last_name=patient.last_name,
            roles=[Role.PATIENT],
            phone=patient.phone,
        )
    if user.status == UserStatus.DEACTIVATED:
        raise refused("email", why="The account with this address is closed.")
    return user


def owner_of(patient: Patient) -> User | None:
    """Return whose account has the patient's e-mail address."""
    if patient.email is None:
        return None
    return db.session.scalar(select(User).where(User.email_key == normal_form(patient.email)))


def _require_no_chart_but(patient: Patient, user: User) -> Patient | None:
    """Return the chart that the user made by registering; another own one stands in the way."""
    own: Patient | None = db.session.scalar(select(Patient).where(Patient.user_id == user.id, Patient.id != patient.id))
    if own is not None and own.registered_by != user.id:
        raise people.AlreadyHasChart
    return own


def tie(_sender: object, *, user: User, patient_id: uuid.UUID) -> None:
    """Tie an account to the chart of the accepted invitation; one made by registering loses it and waits for a merge.

    The address may have been changed after the invitation: whoever wrote it is not let in by it.
    """
    patient = _locked(patient_id, user)
    if patient is None or patient.user_id is not None or owner_of(patient) is not user:
        raise LinkInvalid
    if _wrote_address(user.id, patient_id):
        raise LinkInvalid
    people.require_living(patient)
    duplicate = _require_no_chart_but(patient, user)
    if duplicate is not None:
        duplicate.user_id, duplicate.possible_duplicate = None, True
        trails.current().listed([duplicate.id])
        db.session.flush()
    patient.user_id = user.id
    trails.current().about(patient_id=patient.id)
    db.session.flush()


def _locked(patient_id: uuid.UUID, user: User) -> Patient | None:
    """Return a patient, locked with the chart that the user has, if any: in the order of ids, as a merge locks."""
    stmt = select(Patient).where(or_(Patient.id == patient_id, Patient.user_id == user.id)).order_by(Patient.id)
    found = db.session.scalars(stmt.with_for_update().execution_options(populate_existing=True))
    return {patient.id: patient for patient in found}.get(patient_id)


def welcome(_sender: object, *, user: User, date_of_birth: date, sex: str) -> None:
    """Make the chart of somebody who registered by themselves; it is never joined to another."""
    people.register_oneself(
        user_id=user.id,
        first_name=user.first_name,
        last_name=user.last_name,
        date_of_birth=date_of_birth,
        sex=sex,
        phone=user.phone,
        email=user.email,
    )
    trails.current().object_id = user.id
