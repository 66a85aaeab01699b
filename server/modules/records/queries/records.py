"""Read records: staff their latest versions, patients those that were released."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, and_, case, false, or_, select, true
from sqlalchemy.sql import ColumnElement

from server.core.access import Actor, Scope
from server.core.clock import begin_of, end_of
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.doctors.models import Doctor
from server.modules.patients.models import Patient
from server.modules.patients.policies import is_only_ward, wards_of
from server.modules.patients.queries.reach import Reach
from server.modules.records.enums import RecordStatus
from server.modules.records.models import MedicalRecord, RecordVersion
from server.modules.records.policies import Perm
from server.modules.records.queries.attachments import without_hidden
from server.modules.records.schemas.records import RecordOut, VersionOut
from server.modules.users.hands import Hands, hands_of
from server.modules.visits.enums import Source

COLUMNS = tuple(columns_of(RecordOut))
# Behind `COLUMNS`: whether a row is seen as by one who cares, not as by the patient.
_BY_STAFF = len(COLUMNS)
_ATTACHMENTS = COLUMNS.index("attachments")

_records, _versions = MedicalRecord.__table__, RecordVersion.__table__
_hands = hands_of(MedicalRecord, releaser=MedicalRecord.released_by)
_writers = Hands(author=RecordVersion.by)
_JOINED: Mapping[str, Any] = {
    "patient_first_name": Patient.first_name.label("patient_first_name"),
    "patient_last_name": Patient.last_name.label("patient_last_name"),
    "patient_mrn": Patient.mrn.label("patient_mrn"),
    "doctor_first_name": Doctor.first_name.label("doctor_first_name"),
    "doctor_last_name": Doctor.last_name.label("doctor_last_name"),
    **_hands.columns,
    # Which version is shown, and what it says.
    "number": _versions.c.number,
}

LIST = ListSpec(sorts={"created_at": MedicalRecord.id}, tie=MedicalRecord.id, default="-created_at")
_VERSION_LIST = ListSpec(sorts={"number": RecordVersion.number}, tie=RecordVersion.id, default="-number")

_FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "doctor_id": lambda doctor_id: MedicalRecord.doctor_id == doctor_id,
    "visit_id": lambda visit_id: MedicalRecord.visit_id == visit_id,
    "status": lambda status: MedicalRecord.status == status,
    "source": lambda source: MedicalRecord.source == source,
    "from": lambda bound: MedicalRecord.created_at >= begin_of(bound),
    "to": lambda bound: MedicalRecord.created_at < end_of(bound),
}


def _column(name: str) -> Any:
    return _JOINED[name] if name in _JOINED else _records.c.get(name, _versions.c.get(name))


def _is_theirs_to_see() -> ColumnElement[bool]:
    """Return "the patient sees this": what was released, and what they wrote, also where they took it back."""
    return or_(MedicalRecord.status == RecordStatus.RELEASED, MedicalRecord.source == Source.PATIENT)


def _select(by_staff: ColumnElement[bool]) -> Select[Any]:
    """Select records in the version that the caller sees; `by_staff` says, row by row, whether as one who cares."""
    shown = case((by_staff, MedicalRecord.number), else_=MedicalRecord.released_number)
    return _hands.join(
        select(*map(_column, COLUMNS), by_staff.label("is_seen_by_staff"))
        .select_from(MedicalRecord)
        .join(Patient, Patient.id == MedicalRecord.patient_id)
        .join(RecordVersion, RecordVersion.record_id == MedicalRecord.id)
        .outerjoin(Doctor, Doctor.id == MedicalRecord.doctor_id)
        .where(RecordVersion.number == shown, or_(by_staff, _is_theirs_to_see()))
    )


def page_of_records(connection: Connection, actor: Actor, reach: Reach, query: Mapping[str, Any]) -> Page:
    """Return one page of the records that are within reach, each with whether it is of a ward."""
    stmt = _select(reach.is_seen_by_staff).where(reach.is_shown)
    return _page(connection, actor, stmt, query)


def page_of_own(connection: Connection, actor: Actor, query: Mapping[str, Any]) -> Page:
    """Return one page of what the actor sees as a patient: of their own chart and those of their wards."""
    wards = wards_of(actor, Perm.READ)
    own = Patient.user_id == actor.user_id if Scope.OWN in actor.scopes(Perm.READ) else false()
    mine = own if wards is None else or_(own, Patient.id.in_(wards))
    if "patient_id" in query:
        mine = and_(mine, MedicalRecord.patient_id == query["patient_id"])
    return _page(connection, actor, _select(false()).where(mine), query)


def page_of_written(connection: Connection, actor: Actor, reach: Reach, query: Mapping[str, Any]) -> Page:
    """Return one page of the records that the actor wrote, or that are theirs as a doctor, and still within reach."""
    profile = select(Doctor.id).where(Doctor.user_id == actor.user_id)
    is_mine = or_(MedicalRecord.recorded_by == actor.user_id, MedicalRecord.doctor_id.in_(profile))
    stmt = _select(true()).where(reach.is_shown, reach.is_seen_by_staff, is_mine)
    return _page(connection, actor, stmt, query)


def _page(connection: Connection, actor: Actor, stmt: Select[Any], query: Mapping[str, Any]) -> Page:
    stmt = stmt.where(*(condition(query[name]) for name, condition in _FILTERS.items() if name in query))
    if "status" not in query:
        stmt = stmt.where(MedicalRecord.status != RecordStatus.ENTERED_IN_ERROR)
    stmt = stmt.add_columns(is_only_ward(actor, Perm.READ).label("is_ward"))
    page = fetch_page(connection, stmt, LIST, query)
    return replace(page, rows=_as_seen(connection, page.rows))


def _as_seen(connection: Connection, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Return rows of which those that are seen as by the patient name no document that is not."""
    theirs = [place for place, row in enumerate(rows) if not row[_BY_STAFF]]
    shown = without_hidden(connection, (rows[place] for place in theirs), at=_ATTACHMENTS)
    made = dict(zip(theirs, shown, strict=True))
    return [made.get(place, row) for place, row in enumerate(rows)]


def record_row(connection: Connection, record_id: uuid.UUID, *, as_patient: bool) -> Sequence[Any]:
    """Return `COLUMNS` of one record, also one that was entered in error, or raise `NotFound`."""
    stmt = _select(false() if as_patient else true()).where(MedicalRecord.id == record_id)
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return _as_seen(connection, [found])[0]


VERSION = tuple(columns_of(VersionOut))


def page_of_versions(
    connection: Connection, record_id: uuid.UUID, query: Mapping[str, Any], *, as_patient: bool
) -> Page:
    """Return one page of what a record has said; of a clinician's record the patient sees what was released.

    Raise `NotFound` where the record is not shown at all.
    """
    made: Mapping[str, Any] = {
        **_writers.columns,
        "is_released": _is_released().label("is_released"),
    }
    stmt = _writers.join(
        select(*(made[name] if name in made else _versions.c[name] for name in VERSION))
        .select_from(RecordVersion)
        .join(MedicalRecord, MedicalRecord.id == RecordVersion.record_id)
        .where(RecordVersion.record_id == record_id)
    )
    if as_patient:
        stmt = stmt.where(_is_theirs_to_see(), or_(MedicalRecord.source == Source.PATIENT, _is_released()))
    page = fetch_page(connection, stmt, _VERSION_LIST, query)
    if not page.meta["total"]:
        raise NotFound
    if as_patient:
        return replace(page, rows=without_hidden(connection, page.rows, at=VERSION.index("attachments")))
    return page


def _is_released() -> ColumnElement[bool]:
    # A record that was never released has no number of what was.
    return MedicalRecord.released_number.is_not_distinct_from(RecordVersion.number)


@dataclass(frozen=True, slots=True)
class Written:
    """What never changes of a record: who wrote it, as what, at which visit."""

    recorded_by: uuid.UUID | None
    source: str
    visit_id: uuid.UUID | None


def read_for_change(connection: Connection, record_id: uuid.UUID, patient_id: uuid.UUID) -> Written:
    """Return what never changes of a patient's record, or raise `NotFound`."""
    stmt = select(MedicalRecord.recorded_by, MedicalRecord.source, MedicalRecord.visit_id).where(
        MedicalRecord.id == record_id, MedicalRecord.patient_id == patient_id
    )
    found = connection.execute(stmt).first()
    if found is None:
        raise NotFound
    return Written(found.recorded_by, found.source, found.visit_id)
