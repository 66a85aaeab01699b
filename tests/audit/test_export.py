"""The log goes out as a file: filtered, audited before its first byte, harmless to spreadsheets, in bounded memory."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime

import pytest

from server.core.db import db
from server.core.ids import new_id
from server.modules.audit import queries
from server.modules.audit.models import AuditLog
from tests.factories.database import audit_rows
from tests.factories.people import make_patient


@pytest.fixture
def admin(as_role):
    return as_role("admin")


def insert(app, count, **fields):
    row = {"request_id": new_id(), "actor_roles": [], "address": "::1", "method": "GET", "route": "/x", "action": "x"}
    row |= {"object_type": "x", "outcome": "success", "status": 200, "duration_ms": 1, "changed": [], "note": ""}
    row |= {"object_ids": [], "at": datetime.now(UTC)} | fields
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(AuditLog.__table__.insert(), [row | {"id": new_id()} for _ in range(count)])


def as_csv(answer):
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_it_holds_what_the_list_shows_oldest_first(app, admin):
    patient = make_patient(app)
    admin.patch(f"/patients/{patient.id}", json={"notes": "x"})
    shown = admin.get("/audit-logs?per_page=100&sort=at").json["data"]
    answer = admin.get("/audit-logs/export?format=ndjson")
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-logs.ndjson"'
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[:-1] == shown
    assert lines[-1]["action"] == "audit.list"
    answer = admin.get("/audit-logs/export")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-logs.csv"'
    table = as_csv(answer)
    assert [row["id"] for row in table[: len(shown)]] == [row["id"] for row in shown]
    change = next(row for row in table if row["action"] == "patients.update")
    assert (change["status"], json.loads(change["changed"])) == ("200", ["notes"])
    assert change["at"].endswith("Z")
    assert change["actor_id"] == str(admin.user.id)


def test_it_takes_the_filters_of_the_list(app, admin, as_role):
    nurse, patient = as_role("nurse"), make_patient(app)
    nurse.get("/users")
    admin.get(f"/patients/{patient.id}")
    for query in (f"actor_id={nurse.user.id}", "outcome=denied", f"patient_id={patient.id}", "action=patients.read"):
        shown = admin.get(f"/audit-logs?{query}&per_page=100&sort=at").json["data"]
        assert shown
        assert [row["id"] for row in as_csv(admin.get(f"/audit-logs/export?{query}"))] == [row["id"] for row in shown]


@pytest.mark.parametrize("query", ["format=xml", "outcome=fine", "from=yesterday", "page=2", "sort=at", "x=1"])
def test_a_wrong_parameter_is_422(admin, query):
    answer = admin.get(f"/audit-logs/export?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [query.partition("=")[0]])


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_it_is_on_record_before_the_first_byte(app, admin, form):
    answer = admin.client.get(f"/api/v1/audit-logs/export?format={form}", headers=admin.tokens.headers, buffered=False)
    newest = audit_rows(app)[-1]
    assert (newest["action"], newest["status"], newest["actor_id"]) == ("audit.export", 200, admin.user.id)
    answer.close()


def test_what_cannot_be_recorded_is_not_exported(app, admin, monkeypatch):
    from sqlalchemy.exc import OperationalError

    from server.core import trail

    def fail(_connection, _trail, _status):
        raise OperationalError("INSERT INTO audit_logs", {}, Exception("disk I/O error"))

    monkeypatch.setattr(trail, "_recorders", [fail])
    answer = admin.get("/audit-logs/export")
    assert (answer.status_code, "auth.login" in answer.text) == (503, False)


@pytest.mark.parametrize("value", ["=cmd()", "+1", "-1", "@x", "'=x", "\t=x"])
def test_no_cell_is_a_formula(app, admin, value):
    insert(app, 1, action="odd", note=value)
    (row,) = as_csv(admin.get("/audit-logs/export?action=odd"))
    assert row["note"] == f"'{value}"


def test_many_rows_go_out_in_parts(app, admin, monkeypatch):
    monkeypatch.setattr(queries, "ROWS_AT_ONCE", 7)
    insert(app, 30, action="bulk")
    ids = [row["id"] for row in as_csv(admin.get("/audit-logs/export?action=bulk"))]
    assert len(ids) == len(set(ids)) == 30
    assert ids == sorted(ids)


@pytest.mark.slow
def test_memory_stays_flat(app, admin):
    peaks = []
    for count in (3_000, 12_000):
        insert(app, count, action=f"bulk{count}")
        tracemalloc.start()
        answer = admin.client.get(
            f"/api/v1/audit-logs/export?action=bulk{count}", headers=admin.tokens.headers, buffered=False
        )
        lines = sum(part.count(b"\n") for part in answer.response)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        answer.close()
        assert lines == count + 1
    assert peaks[1] < peaks[0] * 1.5


def test_no_connection_is_left_behind(app, admin):
    for _ in range(15):  # more than the pool has
        assert admin.get("/audit-logs/export").status_code == 200
        assert admin.get("/audit-logs/verify").status_code == 200


def test_only_admins_export(as_role):
    assert as_role("doctor").get("/audit-logs/export").status_code == 403
