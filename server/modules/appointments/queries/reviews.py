"""Read reviews: everybody those that are shown, their authors and moderators the hidden ones too."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, false, func, or_, select, true
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Appointment, Review
from server.modules.appointments.policies import Perm
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient

LIST = ListSpec(sorts={"created_at": Review.created_at, "rating": Review.rating}, tie=Review.id, default="-created_at")

_OF_AUTHOR = {"first_name": Patient.first_name, "last_name": Patient.last_name}


def _is_open_to(actor: Actor | None) -> ColumnElement[bool]:
    """Return "the caller sees all of this review, also when it is hidden", row by row."""
    if actor is None:
        return false()
    return true() if actor.can(Perm.REVIEWS_MODERATE) else func.coalesce(Patient.user_id == actor.user_id, false())


def _select(columns: Sequence[str], actor: Actor | None) -> Select[Any]:
    shown: list[Any] = [_OF_AUTHOR.get(name, Review.__table__.c.get(name)) for name in columns]
    is_open = _is_open_to(actor)
    return (
        select(*shown, is_open.label("shows_all"))
        .join(Patient, Patient.id == Review.patient_id)
        .where(or_(Review.hidden_at.is_(None), is_open))
    )


def require_doctor(connection: Connection, doctor_id: uuid.UUID) -> None:
    """Raise `NotFound` where there is no such doctor."""
    if connection.scalar(select(Doctor.id).where(Doctor.id == doctor_id)) is None:
        raise NotFound


def page_of_reviews(
    connection: Connection,
    actor: Actor | None,
    doctor_id: uuid.UUID,
    columns: Sequence[str],
    query: Mapping[str, Any],
) -> Page:
    """Return one page of a doctor's reviews that the caller may see, the newest first."""
    stmt = _select(columns, actor).where(Review.doctor_id == doctor_id)
    if "hidden" in query:
        stmt = stmt.where(Review.hidden_at.is_not(None) if query["hidden"] else Review.hidden_at.is_(None))
    return fetch_page(connection, stmt, LIST, query)


def review_row(connection: Connection, actor: Actor, columns: Sequence[str], review_id: uuid.UUID) -> Row[Any]:
    """Return one review and whether to show all of it."""
    return connection.execute(_select(columns, actor).where(Review.id == review_id)).one()


def completed(
    connection: Connection, *, doctor_id: uuid.UUID, patient_id: uuid.UUID, appointment_id: uuid.UUID | None
) -> Sequence[Row[Any]]:
    """Return id, status and review of what a patient had with a doctor, the latest first: one, or all completed."""
    wanted: tuple[Any, ...] = (Appointment.id, Appointment.status, Review.id.label("review_id"))
    stmt = (
        select(*wanted)
        .outerjoin(Review, Review.appointment_id == Appointment.id)
        .where(Appointment.doctor_id == doctor_id, Appointment.patient_id == patient_id)
        .order_by(Appointment.starts_at.desc(), Appointment.id.desc())
    )
    if appointment_id is not None:
        return connection.execute(stmt.where(Appointment.id == appointment_id)).all()
    return connection.execute(stmt.where(Appointment.status == Status.COMPLETED)).all()


def count_and_total(connection: Connection, doctor_id: uuid.UUID) -> tuple[int, int]:
    """Return how many reviews of a doctor are shown, and the sum of their ratings."""
    stmt = select(func.count(), func.coalesce(func.sum(Review.rating), 0)).where(
        Review.doctor_id == doctor_id, Review.hidden_at.is_(None)
    )
    count, total = connection.execute(stmt).one()
    return int(count), int(total)
