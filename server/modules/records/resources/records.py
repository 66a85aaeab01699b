"""Medical records."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Response, request

from server.core import answers, trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.errors import NotFound, refused
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.patients.paths import entry_within, patient_within, reached
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.queries.people import own_patient_id
from server.modules.patients.schemas.chart import ReasonQuery
from server.modules.patients.service import chart
from server.modules.patients.service.chart import EnteredInError
from server.modules.patients.service.people import PatientMerged
from server.modules.records.models import MedicalRecord
from server.modules.records.policies import Perm
from server.modules.records.queries import records as queries
from server.modules.records.resources.routing import api
from server.modules.records.schemas.records import (
    OwnRecordCreate,
    RecordChange,
    RecordCreate,
    RecordOut,
    RecordQuery,
    VersionOut,
    VersionQuery,
)
from server.modules.records.service import records as service
from server.modules.visits.paths import chart_of
from server.modules.visits.service.gate import VisitClosed

_RECORD: dict[str, Any] = {"object_type": "record", "out": RecordOut}
_LISTED: dict[str, Any] = {**_RECORD, "action": "records.list", "query": RecordQuery, "many": True}
_WITHIN: dict[str, Any] = {"object_type": "record", "within": entry_within(MedicalRecord, "record_id")}
_ONE: dict[str, Any] = {**_RECORD, **_WITHIN}
_CLOSED = (VisitClosed, EnteredInError)
_CHANGE: dict[str, Any] = {**_ONE, "action": "records.change", "version": "required", "problems": _CLOSED}
_VOID: dict[str, Any] = {**_WITHIN, "action": "records.void", "query": ReasonQuery, "version": "required"}

_dump = row_dumper(RecordOut, queries.COLUMNS)
_PATIENT = queries.COLUMNS.index("patient_id")


class Records(Resource):
    """The base of what answers with records."""

    def seen(self, record_id: uuid.UUID, *, as_patient: bool) -> dict[str, Any]:
        """Return one record in the version that the caller sees."""
        row = queries.record_row(self.connection, record_id, as_patient=as_patient)
        trails.current().about(record_id, patient_id=row[_PATIENT])
        return _dump(row)

    def many(self, page: Page) -> Response:
        """Answer one page of records; the audit row says whose, where they are of one patient."""
        shown = [_dump(row) for row in page.rows]
        trails.current().listed(one["id"] for one in shown)
        _note_patient(page.rows)
        return answers.listed(page, shown)

    def add_own(self, patient_id: uuid.UUID) -> Response:
        """Answer a new entry of the patient's own."""
        record = service.write_own(actor=self.actor, patient_id=patient_id, **self.body)
        where = f"{request.path.removesuffix('/me')}/{record.id}"
        return self.created(self.seen(record.id, as_patient=True), "Entry added.", location=where)


def _note_patient(rows: Sequence[Sequence[Any]]) -> None:
    trails.current().shown_of({row[_PATIENT] for row in rows}, {row[_PATIENT] for row in rows if row[-1]})


class RecordCollection(Records):
    """All records."""

    @declares(Perm.READ, **_LISTED)
    def get(self) -> Response:
        """List the records in one's scope; patients see what was released."""
        reach = reached(self.connection, self.actor, Perm.READ, self.query.get("patient_id"))
        return self.many(queries.page_of_records(self.connection, self.actor, reach, self.query))

    @declares(Perm.WRITE, action="records.write", body=RecordCreate, problems=(VisitClosed, PatientMerged), **_RECORD)
    def post(self) -> Response:
        """Write a record, a draft until it is released; a patient's own entry they and their carers see at once."""
        named = {name: self.body.pop(name) for name in ("visit_id", "patient_id")}
        found = chart_of(self.connection, self.actor, Perm.WRITE, **named)
        if not found.as_patient:
            record = service.write(actor=self.actor, patient_id=found.id, visit_id=named["visit_id"], **self.body)
            return self.created(self.seen(record.id, as_patient=False), "Record written.")
        if named["visit_id"]:
            raise refused("visit_id", why="An entry of one's own belongs to no visit.")
        return self.add_own(found.id)


class RecordItem(Records):
    """One record."""

    @declares(Perm.READ, action="records.read", **_ONE)
    def get(self, record_id: uuid.UUID) -> Response:
        """Show one record: to staff its latest version, to the patient the one that was released."""
        return self.show(self.seen(record_id, as_patient=self.parent.as_patient))

    @declares(Perm.WRITE, body=RecordChange, fixed=("patient_id", "visit_id"), **_CHANGE)
    def put(self, record_id: uuid.UUID) -> Response:
        """Replace what one's own record says, and say why; the version before is kept."""
        return self._change(record_id)

    @declares(Perm.WRITE, body=RecordChange, **_CHANGE)
    def patch(self, record_id: uuid.UUID) -> Response:
        """Change what is sent of one's own record, and say why; the version before is kept."""
        return self._change(record_id)

    def _change(self, record_id: uuid.UUID) -> Response:
        as_patient = self.parent.as_patient
        service.change(
            actor=self.actor,
            patient_id=self.parent.id,
            record_id=record_id,
            expected=self.expected,
            as_patient=as_patient,
            **self.body,
        )
        return self.show(self.seen(record_id, as_patient=as_patient), "Record changed.")

    @declares(PatientPerm.VOID, **_VOID)
    def delete(self, record_id: uuid.UUID) -> Response:
        """Mark one's own record as entered in error; it stays readable by id."""
        chart.mark_as_error(
            actor=self.actor,
            model=MedicalRecord,
            patient_id=self.parent.id,
            entry_id=record_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()


class RecordVersions(Records):
    """What a record has said."""

    @declares(
        Perm.READ,
        **{**_WITHIN, "action": "records.versions", "query": VersionQuery, "out": VersionOut, "many": True},
    )
    def get(self, record_id: uuid.UUID) -> Response:
        """List the versions of a record, the latest first, with who, when and why.

        Patients see the released one, of their own entries all.
        """
        as_patient = self.parent.as_patient
        page = queries.page_of_versions(self.connection, record_id, self.query, as_patient=as_patient)
        trails.current().about(record_id)
        return self.page(page)


class RecordRelease(Records):
    """Releasing a record."""

    @declares(
        Perm.RELEASE,
        **{**_ONE, "action": "records.release", "status": 200, "version": "optional"},
        problems=(*_CLOSED, service.AlreadyReleased, service.AttachmentInError),
    )
    def post(self, record_id: uuid.UUID) -> Response:
        """Show the latest version of a record to the patient: of one's own, or of somebody who may not release.

        Its documents are released each by itself; until then the patient's record does not name them.
        """
        service.release(actor=self.actor, patient_id=self.parent.id, record_id=record_id, expected=self.expected)
        return self.show(self.seen(record_id, as_patient=False), "Record released.")


class OwnRecords(Records):
    """One's own records, as a patient."""

    @declares(Perm.READ, **_LISTED)
    def get(self) -> Response:
        """List what was released of one's own records and of those of the patients whose proxy one is."""
        return self.many(queries.page_of_own(self.connection, self.actor, self.query))

    @declares(Perm.WRITE, action="records.write_own", body=OwnRecordCreate, **_RECORD)
    def post(self) -> Response:
        """Add an entry of one's own to one's chart; those who care see it, and only oneself changes it."""
        own_id = own_patient_id(self.connection, self.actor)
        if own_id is None:
            raise NotFound
        return self.add_own(patient_within(self.connection, self.actor, Perm.WRITE, own_id).id)


class OwnRecordItem(Records):
    """An entry of one's own."""

    @declares(Perm.WRITE, **_VOID)
    def delete(self, record_id: uuid.UUID) -> Response:
        """Take back an entry of one's own, as entered in error; it stays readable by id."""
        service.take_back(
            actor=self.actor,
            patient_id=self.parent.id,
            record_id=record_id,
            expected=self.expected,
            reason=self.query["reason"],
        )
        return self.gone()


class WrittenRecords(Records):
    """One's own records, as a doctor."""

    @declares(Perm.READ, **_LISTED)
    def get(self) -> Response:
        """List the records that one wrote, or that are one's own as a doctor, of the patients in one's care."""
        reach = reached(self.connection, self.actor, Perm.READ, self.query.get("patient_id"))
        return self.many(queries.page_of_written(self.connection, self.actor, reach, self.query))


api.add_resource(RecordCollection, "/records")
api.add_resource(OwnRecords, "/records/me")
api.add_resource(OwnRecordItem, "/records/me/<uuid:record_id>")
api.add_resource(WrittenRecords, "/records/doctor/me")
api.add_resource(RecordItem, "/records/<uuid:record_id>")
api.add_resource(RecordVersions, "/records/<uuid:record_id>/versions")
api.add_resource(RecordRelease, "/records/<uuid:record_id>/release")
