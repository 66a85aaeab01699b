"""Patients: one, a page, a search."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.cursors import cursor_of
from benchmarks.peer_fastapi.audit import record
from benchmarks.peer_fastapi.calendar import Appointment
from benchmarks.peer_fastapi.database import Session
from benchmarks.peer_fastapi.models import Patient, now
from benchmarks.peer_fastapi.schemas import Envelope, Listed, Meta, PatientDetail, PatientOut
from benchmarks.peer_fastapi.security import Reader

MOST_COUNTED = 1000

router = APIRouter(prefix="/patients", tags=["patients"])
Size = Annotated[int, Query(ge=1, le=100)]
Number = Annotated[int, Query(ge=1)]


def listed() -> Select[Patient]:
    """Select the patients that lists show."""
    return select(Patient).where(Patient.status.not_in(["inactive", "merged"]))


async def count(session: AsyncSession, stmt: Select[Any]) -> int:
    """Count rows, up to one more than is told."""
    limited = stmt.with_only_columns(Patient.id).order_by(None).limit(MOST_COUNTED + 1)
    return await session.scalar(select(func.count()).select_from(limited.subquery())) or 0


def meta_of(counted: int, page: int, per_page: int, cursor: str | None) -> Meta:
    """Return what is told of a page."""
    total = min(counted, MOST_COUNTED)
    return Meta(
        page=page,
        per_page=per_page,
        total=total,
        pages=-(-total // per_page),
        next_cursor=cursor,
        total_is_estimate=True if counted > total else None,
    )


@router.get("", response_model=Listed[PatientOut])
async def list_patients(
    request: Request, user: Reader, session: Session, page: Number = 1, per_page: Size = 25
) -> dict[str, Any]:
    """List patients by name."""
    stmt = listed().order_by(Patient.last_name_key, Patient.id)
    total = await count(session, stmt)
    patients = (await session.scalars(stmt.offset((page - 1) * per_page).limit(per_page + 1))).all()
    shown = patients[:per_page]
    keys = [shown[-1].last_name_key, shown[-1].id] if len(patients) > per_page else []
    await record(session, request, user, "patients.list", object_ids=[patient.id for patient in shown])
    cursor = cursor_of("last_name", request.query_params, keys)
    return {"data": shown, "meta": meta_of(total, page, per_page, cursor)}


@router.get("/search", response_model=Listed[PatientOut])
async def search_patients(
    request: Request, user: Reader, session: Session, q: str, per_page: Size = 25
) -> dict[str, Any]:
    """Search patients by words, best match first."""
    words = q.casefold().split()
    stmt = listed().where(*(Patient.search_text.like(f"%{word}%") for word in words))
    total = await count(session, stmt)
    rank = rank_of(words)
    found = await session.execute(
        stmt.add_columns(rank).order_by(rank, Patient.last_name_key, Patient.id).limit(per_page + 1)
    )
    rows = found.all()
    shown = [row[0] for row in rows[:per_page]]
    keys = [rows[per_page - 1][1], shown[-1].last_name_key, shown[-1].id] if len(rows) > per_page else []
    await record(session, request, user, "patients.search", object_ids=[patient.id for patient in shown])
    cursor = cursor_of("rank,last_name", request.query_params, keys)
    return {"data": shown, "meta": meta_of(total, 1, per_page, cursor)}


def rank_of(words: list[str]) -> ColumnElement[int]:
    """Return 0 where each word is one of the patient's, 1 where it begins one, 2 otherwise."""
    whole = and_(*(Patient.search_text.like(f"% {word} %") for word in words))
    begins = and_(*(Patient.search_text.like(f"% {word}%") for word in words))
    return case((whole, 0), (begins, 1), else_=2)


@router.get("/{patient_id}", response_model=Envelope[PatientDetail])
async def get_patient(patient_id: uuid.UUID, request: Request, user: Reader, session: Session) -> dict[str, Any]:
    """Show one patient."""
    patient = await session.scalar(select(Patient).where(Patient.id == patient_id, Patient.merged_into_id.is_(None)))
    if patient is None:
        raise HTTPException(404, "not_found")
    detail = PatientDetail.model_validate(patient)
    detail.next_appointment_at = await session.scalar(
        select(Appointment.starts_at)
        .where(
            Appointment.patient_id == patient.id,
            Appointment.starts_at >= now(),
            Appointment.status.in_(["scheduled", "confirmed"]),
        )
        .order_by(Appointment.starts_at)
        .limit(1)
    )
    await record(session, request, user, "patients.read", object_id=patient.id, patient_id=patient.id)
    return {"data": detail}
