"""Book a series: every time of a recurrence rule, or none and a list of every one that cannot be."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor, Scope
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.core.ids import new_id
from server.modules.appointments.calendar.recurrence import NotARule, occurrences
from server.modules.appointments.models.booking import PatientBusy, SlotTaken
from server.modules.appointments.policies import Perm
from server.modules.appointments.service import booking, doors, notices
from server.modules.appointments.service.refusals import NotAvailable
from server.modules.doctors.models import Doctor


class SeriesConflicts(Conflict):
    """Not every time of the series can be booked, so none was; `conflicts` lists each with its reasons."""

    code = "series_conflicts"


def book(
    *,
    actor: Actor,
    doctor_id: uuid.UUID,
    starts_at: datetime,
    rrule: str,
    ends_at: datetime | None = None,
    **fields: Any,
) -> uuid.UUID:
    """Book every time of the rule for one patient and return the id of the series.

    Times are taken in their order, so two series that want the same ones never wait for each other in a ring.
    """
    times = _times(rrule, starts_at, _zone_of(actor, doctor_id))
    series_id, conflicts, booked = new_id(), [], []
    for at in times:
        end = None if ends_at is None else at + (ends_at - starts_at)
        try:
            # What one time has written before it was refused is undone, and the next one is tried.
            with db.session.begin_nested():
                made = booking.book(
                    actor=actor, doctor_id=doctor_id, starts_at=at, ends_at=end, series_id=series_id, **fields
                )
                booked.append(made)
        except (NotAvailable, SlotTaken, PatientBusy) as refusal:
            conflicts.append({"starts_at": at, "reasons": _reasons(refusal)})
    if conflicts:
        raise SeriesConflicts(conflicts=conflicts, errors={"rrule": [f"{len(conflicts)} of {len(times)} times."]})
    notices.tell_series(booked)
    trails.current().about(series_id, patient_id=booked[0].patient_id)
    trails.current().listed(one.id for one in booked)
    return series_id


def _zone_of(actor: Actor, doctor_id: uuid.UUID) -> ZoneInfo:
    """Return the zone of a doctor in whose calendar the actor may book series, or raise `NotFound`."""
    found = db.session.execute(select(Doctor.user_id, Doctor.timezone).where(Doctor.id == doctor_id)).first()
    if found is None:
        raise refused("doctor_id", why="There is no such doctor.")
    if Scope.ALL not in actor.scopes(Perm.SERIES) and not doors.is_own_calendar(actor, found.user_id):
        raise NotFound
    return ZoneInfo(found.timezone) if found.timezone else clock.clinic_zone()


def _times(rrule: str, starts_at: datetime, zone: ZoneInfo) -> list[datetime]:
    try:
        return occurrences(rrule, starts_at, zone)
    except NotARule as error:
        raise refused("rrule", why=str(error)) from None


def _reasons(refusal: Conflict) -> list[dict[str, Any]]:
    """Return the reasons against one time; a time that is taken is one of them."""
    told: list[dict[str, Any]] = refusal.details.get("reasons") or [{"code": refusal.code, "message": refusal.message}]
    return told
