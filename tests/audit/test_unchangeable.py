"""Rows cannot be changed or deleted, and what cannot be recorded is not answered."""

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from server.core import trail
from tests.factories.database import audit_rows, query
from tests.factories.people import make_patient, relate

STATEMENTS = [
    "UPDATE audit_logs SET status = 200",
    "UPDATE audit_logs SET actor_id = NULL WHERE status = 200",
    "DELETE FROM audit_logs",
    "DELETE FROM audit_logs WHERE status = 200",
]
ON_SQLITE = [
    "INSERT OR REPLACE INTO audit_logs SELECT * FROM audit_logs",
    "REPLACE INTO audit_logs SELECT * FROM audit_logs LIMIT 1",
    "UPDATE OR REPLACE audit_logs SET status = 500",
    (
        "INSERT OR REPLACE INTO audit_logs (rowid, id, at, request_id, actor_roles, address, method, route, action,"
        " object_type, outcome, status, duration_ms, changed, object_ids, note) SELECT rowid, 'another', at,"
        " request_id, actor_roles, address, method, route, action, object_type, outcome, 500, 0, changed,"
        " object_ids, note FROM audit_logs"
    ),
]
ON_POSTGRES = [
    "TRUNCATE audit_logs",
    "TRUNCATE audit_logs CASCADE",
    "TRUNCATE audit_logs_default",
    "UPDATE audit_logs_default SET status = 200",
    "INSERT INTO audit_logs SELECT * FROM audit_logs ON CONFLICT (id, at) DO UPDATE SET status = 500",
]


def refuses(app, as_role, statement):
    as_role("admin").get("/patients")
    before = query(app, "SELECT * FROM audit_logs ORDER BY id")
    assert before
    with pytest.raises(DBAPIError, match="cannot be changed"):
        query(app, statement)
    assert query(app, "SELECT * FROM audit_logs ORDER BY id") == before


@pytest.mark.parametrize("statement", STATEMENTS)
def test_rows_stay_as_they_are(app, as_role, statement):
    refuses(app, as_role, statement)


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("statement", ON_SQLITE)
def test_rows_are_not_replaced_either(app, as_role, statement):
    refuses(app, as_role, statement)


@pytest.mark.only("postgres")
@pytest.mark.parametrize("statement", ON_POSTGRES)
def test_no_partition_is_emptied_and_no_row_overwritten(app, as_role, statement, clock):
    # In March 2026 there is no partition of the month yet, so the rows lie in the default one.
    refuses(app, as_role, statement)


@pytest.mark.only("postgres")
def test_the_partition_of_this_month_is_not_emptied(app, as_role):
    as_role("admin").get("/patients")
    (row,) = query(app, "SELECT DISTINCT tableoid::regclass::text AS name FROM audit_logs")
    assert row["name"].startswith("audit_logs_y")
    for statement in (f"TRUNCATE {row['name']}", f"DELETE FROM {row['name']}", f"UPDATE {row['name']} SET status = 1"):
        with pytest.raises(DBAPIError, match="cannot be changed"):
            query(app, statement)


@pytest.fixture
def cannot_record(monkeypatch):
    """Give a switch that makes every row of the audit log fail."""

    def switch():
        def fail(_connection, _trail, _status):
            raise OperationalError("INSERT INTO audit_logs", {}, Exception("disk I/O error"))

        monkeypatch.setattr(trail, "_recorders", [fail])

    return switch


@pytest.mark.parametrize(
    "path", ["/patients/{id}", "/patients", "/patients/search?q=family", "/patients/{id}/allergies"]
)
def test_a_read_that_cannot_be_recorded_is_not_answered(app, as_role, cannot_record, path):
    receptionist, patient = as_role("receptionist", "doctor"), make_patient(app, last_name="Familyname")
    relate(app, patient.id, receptionist.user.id)
    path = path.format(id=patient.id)
    assert receptionist.get(path).status_code == 200
    cannot_record()
    for method in ("GET", "HEAD"):
        answer = receptionist.open(method, path)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "Familyname" not in answer.text
        assert "audit_logs" not in answer.text
        assert "ETag" not in answer.headers
        assert "X-Total-Count" not in answer.headers


def test_a_write_that_cannot_be_recorded_does_not_happen(app, as_role, cannot_record):
    admin, patient = as_role("admin"), make_patient(app)
    cannot_record()
    body = {"first_name": "A", "last_name": "B", "date_of_birth": "1990-01-01", "sex": "other"}
    assert admin.post("/patients", json=body).status_code == 503
    assert admin.patch(f"/patients/{patient.id}", json={"notes": "changed"}).status_code == 503
    assert admin.delete(f"/patients/{patient.id}").status_code == 503
    assert query(app, "SELECT status, notes FROM patients") == [{"status": "active", "notes": None}]


def test_a_refusal_is_a_refusal_even_when_it_cannot_be_recorded(client, cannot_record):
    cannot_record()
    assert client.get("/api/v1/patients").status_code in (401, 503)
    assert client.get("/health/live").status_code == 200


@pytest.mark.only("sqlite")
def test_without_the_table_no_patient_is_shown(app, as_role):
    admin, patient = as_role("admin"), make_patient(app)
    query(app, "ALTER TABLE audit_logs RENAME TO audit_logs_away")
    answer = admin.get(f"/patients/{patient.id}")
    assert (answer.status_code, patient.last_name in answer.text) == (503, False)
    query(app, "ALTER TABLE audit_logs_away RENAME TO audit_logs")
    assert admin.get(f"/patients/{patient.id}").status_code == 200
    assert audit_rows(app)[-1]["status"] == 200
