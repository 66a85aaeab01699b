"""Rules of the clinic: what admins say of it, and the dates on which nobody sees patients."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from server.core import state, trail as trails
from server.core.access import Actor
from server.core.columns import ANY_VERSION, Expected
from server.core.constraints import on_violation
from server.core.db import db
from server.core.errors import CodedMessage, Conflict, ReadOnly
from server.modules.doctors import signals
from server.modules.doctors.enums import OnConflict, Weekday
from server.modules.doctors.models import Clinic, Holiday
from server.modules.doctors.service import calendar


class HolidayExists(Conflict):
    """That date is a holiday already."""

    code = "holiday_exists"


on_violation("uq_clinic_holidays_held_on", HolidayExists, field="date")


def change(*, expected: Expected = ANY_VERSION, **changes: Any) -> Clinic:
    """Change what the clinic says of itself; its zone and currency are settings and only taken as they stand."""
    _refuse_other_settings(changes)
    clinic = db.session.execute(select(Clinic).with_for_update()).scalar_one()
    clinic.require(expected)
    for name, value in changes.items():
        setattr(clinic, name, _merged(clinic, value) if name == "address" else value)
    clinic.opening_days = [day for day in Weekday if day in clinic.opening_days]
    db.session.flush()
    return clinic


def _refuse_other_settings(changes: dict[str, Any]) -> None:
    settings = state.settings()
    stand = {"timezone": settings.clinic_timezone, "currency": settings.clinic_currency}
    wrong: dict[str, list[str]] = {
        name: [CodedMessage(f"Fixed by the setting CLINIC_{name.upper()}.", ReadOnly.code)]
        for name, value in stand.items()
        if changes.pop(name, value) != value
    }
    if wrong:
        raise ReadOnly(wrong)


def _merged(clinic: Clinic, address: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the address with the parts that were sent; one without any part is none."""
    if address is None:
        return None
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    merged = {**dict.fromkeys(parts), **(clinic.address or {}), **address}
    return merged if any(merged.values()) else None


def add_holiday(
    *, actor: Actor, date: date, on_conflict: str = OnConflict.KEEP, **fields: Any
) -> tuple[Holiday, list[dict[str, Any]]]:
    """Add a holiday; return it with the appointments of that day that still stand."""
    calendar.count_all_up()
    holiday = Holiday(held_on=date, **fields)
    db.session.add(holiday)
    db.session.flush()
    trails.current().about(holiday.id)
    answers = signals.holiday_added.send(holiday=holiday, actor=actor, on_conflict=OnConflict(on_conflict))
    return holiday, [one for _receiver, found in answers for one in found or []]


def remove_holiday(*, holiday_id: uuid.UUID) -> None:
    """Open a date again. Again, it changes nothing."""
    if db.session.get(Holiday, holiday_id) is None:
        return
    # Before the row goes: whoever adds one of the same date has everybody's calendar first.
    calendar.count_all_up()
    holiday = db.session.get(Holiday, holiday_id, with_for_update=True)
    if holiday is not None:
        db.session.delete(holiday)
        db.session.flush()
