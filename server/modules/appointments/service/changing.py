"""Change what is written of an appointment; another time or doctor goes by the rules of a move."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import refused
from server.modules.appointments.models import Appointment
from server.modules.appointments.policies import Perm
from server.modules.appointments.service import doors, events, moving
from server.modules.appointments.service.booking import require_staff_fields
from server.modules.appointments.service.refusals import invalid_transition
from server.modules.appointments.service.times import asked_minutes
from server.modules.appointments.service.words import write_words

WORDS = ("type", "reason", "notes", "location")
_OF_STAFF = frozenset({"notes", "location"})
_PRESENT: tuple[Any, ...] = (
    *(Appointment.patient_id, Appointment.doctor_id, Appointment.starts_at, Appointment.ends_at),
    *(Appointment.notes, Appointment.location, Appointment.override_reason),
)


def change(
    *, actor: Actor, appointment_id: uuid.UUID, expected: Expected, stood: Expected, whole: bool, **sent: Any
) -> Appointment:
    """Write what was sent of an appointment; `whole` says that it is all there is to write.

    `stood` is the version that it may be moved from: what is not sent of time and doctor stays. Where staff move it at
    short notice, the reason that is sent says why.
    """
    reached = doors.reach(actor, Perm.BOOK, appointment_id)
    present = db.session.execute(select(*_PRESENT).where(Appointment.id == appointment_id)).one()
    if sent.get("patient_id", present.patient_id) != present.patient_id:
        raise refused("patient_id", why="The patient of an appointment stays who it is.")
    words = {name: sent[name] for name in WORDS if name in sent}
    if not reached.is_staff:
        staying = [name for name in _OF_STAFF if whole and words[name] in (None, getattr(present, name))]
        words = {name: value for name, value in words.items() if name not in staying}
        require_staff_fields(False, **dict.fromkeys(_OF_STAFF & words.keys(), True))
    passed = sent.get("override_reason")
    if passed == present.override_reason and not doors.may_override(actor, reached.doctor_user_id):
        passed = None
    target = _target(present, sent, whole=whole)
    if target is None:
        if passed not in (None, present.override_reason) and not whole:
            raise refused("override_reason", why="Only with another time.")
        return _write(actor, reached, expected, words)
    return moving.reschedule(
        actor=actor,
        appointment_id=appointment_id,
        expected=stood,
        override_reason=passed,
        reason=sent.get("reason"),
        beside=words,
        **target,
    )


def _target(present: Row[Any], sent: Mapping[str, Any], *, whole: bool) -> dict[str, Any] | None:
    """Return the time and doctor that were sent, or None where the appointment has them already.

    An end that was left as it is beside another start says nothing; in a whole appointment, of end and length only the
    one that was changed does.
    """
    starts_at = sent.get("starts_at") or present.starts_at
    doctor_id = sent.get("doctor_id") or present.doctor_id
    usual = asked_minutes(present.starts_at, present.ends_at, None)
    ends_at, minutes = sent.get("ends_at"), sent.get("duration_minutes")
    has_other_length = whole and minutes not in (None, usual)
    if ends_at == present.ends_at and (starts_at != present.starts_at or has_other_length):
        ends_at = None
    elif whole and ends_at is not None and minutes == usual:
        minutes = None
    minutes = asked_minutes(starts_at, ends_at, minutes)
    if (starts_at, doctor_id, minutes or usual) == (present.starts_at, present.doctor_id, usual):
        return None
    return {"starts_at": starts_at, "doctor_id": doctor_id, "duration_minutes": minutes}


def _write(actor: Actor, reached: doors.Reached, expected: Expected, words: Mapping[str, Any]) -> Appointment:
    appointment = doors.locked(reached.id)
    appointment.require(expected)
    changed = write_words(appointment, words)
    if changed and not reached.is_staff and appointment.status not in moving.MOVABLE:
        raise invalid_transition(appointment.status, "be changed")
    if changed:
        db.session.flush()
        events.note(appointment, actor_id=actor.user_id, from_status=appointment.status, changed=changed)
    return appointment
