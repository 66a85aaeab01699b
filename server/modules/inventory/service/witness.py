"""A second pair of eyes: a colleague who confirms with their own password what is done with controlled stock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import select

from server.core import state
from server.core.access import Actor, Role
from server.core.db import reading
from server.core.errors import Forbidden, Invalid, Unauthorized
from server.modules.auth import queries as accounts
from server.modules.auth.service import proofs
from server.modules.auth.service.sessions import Device
from server.modules.inventory.policies import Perm
from server.modules.users.models import UserRole


class WitnessRequired(Invalid):
    """This moves controlled stock, which takes a second person: send `witness` with identifier and password."""

    code = "witness_required"


class WitnessSamePerson(Invalid):
    """One cannot be one's own witness."""

    code = "witness_same_person"


class WitnessRefused(Forbidden):
    """The witness's identifier or password is wrong, or they have no right to witness."""

    code = "witness_refused"


def prove(witness: Mapping[str, str] | None, *, actor: Actor, address: str) -> uuid.UUID | None:
    """Return who the witness is, or None where nobody was named. Hashes a password, so no transaction may be open.

    A wrong password counts as a failed sign-in of that account.
    """
    if witness is None:
        return None
    account = accounts.account_by_identifier(reading(), witness["identifier"])
    if account is not None and account.id == actor.user_id:
        raise WitnessSamePerson({"witness.identifier": ["Must be somebody else."]})
    try:
        proof = proofs.prove_identifier(
            witness["identifier"], witness["password"], device=Device(user_agent="", address=address)
        )
    except (Unauthorized, Forbidden):
        raise WitnessRefused from None
    roles = reading().scalars(select(UserRole.role).where(UserRole.user_id == proof.user_id))
    if not state.grid().scopes(Perm.CONTROLLED_WITNESS, map(Role, roles)):
        raise WitnessRefused
    return proof.user_id
