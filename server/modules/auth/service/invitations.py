"""Rules of accepting: an invitation opens an account, one to the portal also ties it to a chart."""

from __future__ import annotations

from dataclasses import dataclass

from server.core.access import Role
from server.core.db import reading
from server.modules.auth import passwords, queries, signals
from server.modules.auth.models import Purpose
from server.modules.auth.service import accounts, entry, links, proofs, sessions, throttle
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User


@dataclass(frozen=True)
class Opening:
    """A live link, and the hash of the password that the account it opens is to have."""

    token: str
    new_hash: str


@dataclass(frozen=True)
class Joining:
    """A live link to the portal, and the proof of the open account that it went to."""

    token: str
    proof: proofs.Proof


def prepare(token: str, password: str, *, device: sessions.Device) -> Opening | Joining:
    """Hash a first password, or prove that of an open account, while no transaction is open; the link lives on."""
    link = links.look_at(token, Purpose.INVITATION, Purpose.PORTAL)
    if link.purpose == Purpose.PORTAL and queries.is_open(reading(), link.user_id):
        return Joining(token, proofs.prove_user(link.user_id, password, device=device))
    passwords.require_strong(password, accounts.read_user(link.user_id))
    return Opening(token, passwords.hash_password(password))


def accept(acceptance: Opening | Joining, *, device: sessions.Device) -> entry.Found:
    """Do what the link says and sign the owner in."""
    link, user = links.use(acceptance.token, Purpose.INVITATION, Purpose.PORTAL)
    if isinstance(acceptance, Joining):
        proofs.confirm(acceptance.proof)
    else:
        _open(user, link, acceptance.new_hash)
    if link.purpose == Purpose.PORTAL:
        users.add_role(user_id=user.id, role=Role.PATIENT)
        signals.portal_accepted.send(user=user, patient_id=link.subject_id)
    return entry.let_in(user, device=device)


def _open(user: User, link: links.Link, new_hash: str) -> None:
    """Give an account that nobody has proved to be theirs its first password; a stranger's, and its links, die."""
    is_unproved = user.status != UserStatus.DEACTIVATED and user.email_verified_at is None
    if user.status != UserStatus.INVITED and not (link.purpose == Purpose.PORTAL and is_unproved):
        raise links.LinkInvalid
    accounts.set_password(user_id=user.id, new_hash=new_hash)
    users.activate(user_id=user.id)
    throttle.clear(user.id)
    links.revoke(user.id, Purpose.INVITATION, Purpose.VERIFICATION, Purpose.RESET, Purpose.EMAIL_CHANGE)
