"""Judge a time for a caller: what the rules say, and who may pass them."""

from __future__ import annotations

import uuid
from datetime import datetime

from server.core import trail as trails
from server.core.access import Actor
from server.core.db import writing
from server.core.errors import Forbidden, Unavailable, refused
from server.modules.appointments.calendar.facts import Door, Facts, Verdict
from server.modules.appointments.calendar.judge import judge
from server.modules.appointments.enums import Reason
from server.modules.appointments.queries.facts import facts_of
from server.modules.appointments.service import doors
from server.modules.appointments.service.refusals import not_available

# How often a time is judged again because the doctor's hours, or the patient's status, have just changed.
ROUNDS = 3
# A doctor who takes no appointments takes none by way of exception either.
_NEVER_PASSED = frozenset({Reason.DOCTOR_INACTIVE})


def known_doctor(doctor_id: uuid.UUID, starts_at: datetime) -> Facts:
    """Return what is known of a doctor at a time, or raise a 422."""
    facts = facts_of(writing(), doctor_id, starts_at, starts_at, with_taken=False)
    if facts is None:
        raise refused("doctor_id", why="There is no such doctor.")
    return facts


def require_override(actor: Actor | None, facts: Facts, override_reason: str | None) -> None:
    """Raise `Forbidden` where somebody overrides the rules who may not in this calendar."""
    if override_reason is not None and not doors.may_override(actor, facts.user_id):
        raise Forbidden("You may not book outside the rules of this calendar.")


def require_open(
    facts: Facts, starts_at: datetime, minutes: int | None, *, door: Door, override_reason: str | None = None
) -> Verdict:
    """Judge a time; raise `NotAvailable` with every reason against it, unless it is passed with a reason."""
    verdict = judge(facts, starts_at, ends_at=None, minutes=minutes, door=door)
    if verdict.reasons and (override_reason is None or _NEVER_PASSED & set(verdict.reasons)):
        raise not_available(verdict.reasons)
    if verdict.reasons:
        trails.current().note = "override"
    return verdict


def hours_changed() -> Unavailable:
    """Return the refusal of a time whose rules changed each time that it was judged."""
    return Unavailable("The doctor's hours are being changed; try again.")
