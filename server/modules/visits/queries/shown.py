"""What this module shows of a patient in their detail, in the timeline and in the summary."""

from __future__ import annotations

import uuid
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import Select, case, func, literal_column, or_, select, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import TypeDecorator

from server.core import clock
from server.core.columns import UTCDateTime
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.patients.shown import add_detail, add_events, add_section, event
from server.modules.visits.enums import VisitStatus, VisitType
from server.modules.visits.models import Visit
from server.modules.visits.queries.visits import latest_visits

# Not an IN, which SQLAlchemy writes anew for each request.
_TOOK_PLACE = or_(*(Visit.status == literal_column(f"'{one}'") for one in (VisitStatus.OPEN, VisitStatus.COMPLETED)))
_TITLE = case(
    {one.value: one.replace("_", " ").capitalize() for one in VisitType}, value=Visit.visit_type, else_=Visit.visit_type
)
_DOCTOR_NAME = Doctor.first_name + " " + Doctor.last_name


def install() -> None:
    """Register the detail, the events and the section of this module."""
    add_detail("last_visit_on", type_coerce(_last(), _ClinicDay()))
    add_events("visit_opened", _events("visit_opened", Visit.started_at, _TOOK_PLACE))
    add_events("visit_completed", _events("visit_completed", Visit.ended_at, _IS_COMPLETED))
    add_section(
        "latest_visits",
        partial(latest_visits, as_patient=False),
        for_patients=partial(latest_visits, as_patient=True),
    )


class _ClinicDay(TypeDecorator[date]):
    """The day of an instant by the clinic's wall clock, which SQL alone cannot tell on both databases."""

    impl = UTCDateTime
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return value.astimezone(clock.clinic_zone()).date() if value else None


_IS_COMPLETED = Visit.status == VisitStatus.COMPLETED


def _last() -> ColumnElement[Any]:
    return (
        select(func.max(Visit.started_at))
        .where(Visit.patient_id == Patient.id, _TOOK_PLACE)
        .correlate(Patient)
        .scalar_subquery()
    )


def _events(kind: str, at: Any, which: ColumnElement[bool]) -> Any:
    def source(patient_id: uuid.UUID) -> Select[Any]:
        return (
            event(
                at=at,
                kind=kind,
                object_type="visit",
                object_id=Visit.id,
                title=_TITLE,
                doctor_id=Doctor.id,
                doctor_name=_DOCTOR_NAME,
            )
            .outerjoin(Doctor, Doctor.id == Visit.doctor_id)
            .where(Visit.patient_id == patient_id, at.is_not(None), which)
        )

    return source
