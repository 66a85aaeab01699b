"""Rules of contacts and proxies: who may be called, and who may act in a patient's name."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from server.core import clock
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.modules.notifications.enums import SecurityEvent
from server.modules.notifications.service import tell_of_security
from server.modules.patients.enums import ProxyScope
from server.modules.patients.models import Contact, Patient, Proxy
from server.modules.users.enums import UserStatus
from server.modules.users.models import User


class ContactEnded(Conflict):
    """This contact was ended and is closed."""

    code = "contact_ended"


def add_contact(*, patient_id: uuid.UUID, **fields: Any) -> Contact:
    """Note whom to call for a patient, or who answers for them."""
    if fields.get("user_id"):
        _require_other(patient_id, fields["user_id"])
    contact = Contact(patient_id=patient_id, **fields)
    db.session.add(contact)
    db.session.flush()
    return contact


def change_contact(*, patient_id: uuid.UUID, contact_id: uuid.UUID, expected: Expected, **changes: Any) -> Contact:
    """Change a contact; with another account, or none, their proxy ends."""
    contact = _standing(patient_id, contact_id)
    contact.require(expected)
    user_id = changes.get("user_id", contact.user_id)
    if user_id != contact.user_id:
        if user_id is not None:
            _require_other(patient_id, user_id)
        _end_proxy(contact_id)
    for name, value in changes.items():
        setattr(contact, name, value)
    db.session.flush()
    return contact


def end_contact(*, patient_id: uuid.UUID, contact_id: uuid.UUID, expected: Expected) -> None:
    """Take a contact out of the list, and their proxy back; they stay on record. Again, it changes nothing."""
    contact = _locked(patient_id, contact_id)
    if contact.ended_at is not None:
        return
    contact.require(expected)
    contact.ended_at = clock.now()
    _end_proxy(contact_id)
    db.session.flush()


def grant_proxy(
    *, actor: Actor, patient_id: uuid.UUID, contact_id: uuid.UUID, scopes: Sequence[str], expires_at: datetime | None
) -> Proxy:
    """Let a contact act in the patient's name within these scopes; what stood before is replaced.

    Nobody gives a proxy to themselves: that would open any chart to whoever manages proxies.
    """
    contact = _standing(patient_id, contact_id)
    if contact.user_id is None:
        raise refused("user_id", why="A proxy takes a contact with an account.")
    if contact.user_id == actor.user_id:
        raise refused("user_id", why="Nobody makes themselves a proxy.")
    _require_other(patient_id, contact.user_id)
    proxy = _proxy_of(contact_id) or Proxy(contact_id=contact_id, patient_id=patient_id)
    proxy.user_id, proxy.granted_by = contact.user_id, actor.user_id
    for scope in ProxyScope:
        setattr(proxy, f"may_{scope}", scope in scopes)
    proxy.expires_at, proxy.revoked_at = expires_at, None
    db.session.add(proxy)
    db.session.flush()
    _tell_patient(proxy)
    return proxy


def _tell_patient(proxy: Proxy) -> None:
    """Tell a patient with an account that somebody may act for them."""
    user_id = db.session.scalar(select(Patient.user_id).where(Patient.id == proxy.patient_id))
    if user_id is not None:
        tell_of_security(user_id=user_id, event=SecurityEvent.PROXY_GRANTED)


def revoke_proxy(*, patient_id: uuid.UUID, contact_id: uuid.UUID) -> None:
    """Take a proxy back, from the next request on. Again, it changes nothing."""
    _locked(patient_id, contact_id)
    _end_proxy(contact_id)
    db.session.flush()


def _require_other(patient_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Raise a 422 unless this is the active account of somebody other than the patient."""
    if not db.session.scalar(select(exists().where(User.id == user_id, User.status == UserStatus.ACTIVE))):
        raise refused("user_id", why="Expected an active account.")
    if db.session.scalar(select(exists().where(Patient.id == patient_id, Patient.user_id == user_id))):
        raise refused("user_id", why="This is the patient's own account.")


def _locked(patient_id: uuid.UUID, contact_id: uuid.UUID) -> Contact:
    """Return a contact of the patient; others who change it or its proxy wait."""
    contact = db.session.get(Contact, contact_id, with_for_update=True)
    if contact is None or contact.patient_id != patient_id:
        raise NotFound
    return contact


def _standing(patient_id: uuid.UUID, contact_id: uuid.UUID) -> Contact:
    contact = _locked(patient_id, contact_id)
    if contact.ended_at is not None:
        raise ContactEnded
    return contact


def _proxy_of(contact_id: uuid.UUID) -> Proxy | None:
    found: Proxy | None = db.session.scalar(select(Proxy).where(Proxy.contact_id == contact_id))
    return found


def _end_proxy(contact_id: uuid.UUID) -> None:
    proxy = _proxy_of(contact_id)
    if proxy is not None and proxy.revoked_at is None:
        proxy.revoked_at = clock.now()
