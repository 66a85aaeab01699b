"""Committed rows are sealed, once, soon, and none is lost; what is as it was sealed verifies."""

import hashlib
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.core.db import db, reading
from server.core.ids import new_id
from server.modules.audit import canon, heads, integrity
from server.modules.audit.models import AuditLog, AuditSeal
from server.modules.audit.service import sealing
from tests.factories.database import everything, query
from tests.factories.people import make_patient


@pytest.fixture
def seal(app):
    """Give the job: seal what is due and return how many rows that were."""

    def run(**options):
        with app.app_context():
            return sealing.seal_due(**options)

    return run


@pytest.fixture
def verify(app):
    """Give the check: return its report."""

    def run(**options):
        with app.app_context():
            return integrity.verify(reading(), **options)

    return run


def insert_row(connection, **fields):
    """Insert a row of the log as a request would."""
    row = {
        "id": new_id(),
        "at": datetime.now(UTC),
        "request_id": new_id(),
        "actor_roles": [],
        "address": "127.0.0.1",
        "method": "GET",
        "route": "/x",
        "action": "x",
        "object_type": "x",
        "outcome": "success",
        "status": 200,
        "duration_ms": 1,
        "changed": [],
        "object_ids": [],
        "note": "",
        **fields,
    }
    connection.execute(AuditLog.__table__.insert(), row)
    return row["id"]


def fill(app, count):
    with app.app_context(), db.engine.begin() as connection:
        return [insert_row(connection) for _ in range(count)]


def counted(app, table):
    return query(app, f"SELECT count(*) AS n FROM {table}")[0]["n"]


def test_normal_use_verifies(app, client, as_role, seal, verify):
    admin, patient = as_role("admin"), make_patient(app)
    body = {"first_name": "Ana", "last_name": "Kern", "date_of_birth": "1990-01-01", "sex": "other"}
    assert admin.post("/patients", json=body).status_code == 201
    admin.patch(f"/patients/{patient.id}", json={"notes": "µg <90/60>"})
    seal()
    admin.delete(f"/patients/{patient.id}")
    admin.get(f"/patients/{uuid.uuid4()}")
    as_role("nurse").get("/audit-logs")
    client.get("/api/v1/patients")
    user = {"email": "s@example.com", "first_name": "S", "last_name": "T", "roles": ["nurse"]}
    made = admin.post("/users", json=user).json["data"]
    admin.patch(f"/users/{made['id']}", json={"roles": ["doctor", "admin"]})
    seal()
    admin.get("/patients")
    rows = counted(app, "audit_logs")
    report = verify()
    assert (report.problems, report.unsealed_rows, report.checked_seals) == ([], 1, 2)
    assert report.checked_rows == rows - 1
    assert seal() == 1
    assert seal() == 0
    assert (verify().checked_rows, verify().unsealed_rows) == (rows, 0)


def test_sealing_leaves_no_row_of_its_own(app, seal):
    fill(app, 3)
    seal()
    assert counted(app, "audit_logs") == 3


def test_large_numbers_go_in_several_batches(app, seal, verify, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 10)
    fill(app, 25)
    assert seal() == 25
    report = verify()
    assert (report.checked_seals, report.checked_rows, report.ok) == (3, 25, True)


def test_a_crash_between_batches_hides_nothing(app, seal, verify, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 10)
    old = datetime.now(UTC) - timedelta(hours=3)
    with app.app_context(), db.engine.begin() as connection:
        for number in range(25):
            made = old + timedelta(seconds=number)
            insert_row(connection, id=v7(made, number), at=made)
    store, calls = sealing._store, []

    def once(*given):
        if calls:
            raise RuntimeError("the power is gone")
        calls.append(1)
        return store(*given)

    monkeypatch.setattr(sealing, "_store", once)
    with pytest.raises(RuntimeError):
        seal()
    monkeypatch.setattr(sealing, "_store", store)
    assert seal() == 15
    assert verify().ok


def v7(instant, number=0):
    """Return a UUIDv7 of an instant."""
    return uuid.UUID(int=(int(instant.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | number)


@pytest.mark.only("postgres")
def test_a_transaction_that_commits_late_is_sealed_next_time(app, seal, verify, monkeypatch):
    monkeypatch.setattr(sealing, "MARGIN", timedelta(0))
    monkeypatch.setattr(integrity, "MARGIN", timedelta(seconds=1))  # ids are cut to milliseconds
    with app.app_context():
        holder = db.engine.connect()
        begun = holder.begin()
        holder.execute(text("SELECT 1"))
        late = insert_row(holder)
        fill(app, 3)
        assert seal() == 3
        fill(app, 2)
        assert seal() == 2
        begun.commit()
        holder.close()
        assert seal() == 1
    report = verify()
    assert (report.ok, report.unsealed_rows, report.checked_rows) == (True, 0, 6)
    with app.app_context(), db.engine.connect() as connection:
        newest = connection.scalar(text("SELECT audit_log_id FROM audit_leaves ORDER BY seal_number DESC LIMIT 1"))
    assert str(newest) == str(late)


@pytest.mark.only("postgres")
def test_a_reader_holds_nothing_back(app, seal):
    with app.app_context(), db.engine.connect() as reader, reader.begin():
        reader.execute(text("SELECT * FROM audit_logs")).all()
        fill(app, 1)
        before = datetime.now(UTC)
        seal()
        assert query(app, "SELECT horizon FROM audit_seals")[0]["horizon"] >= before


def test_sealing_twice_at_once_seals_once(app, verify):
    fill(app, 300)
    results, gate = [], threading.Barrier(6)

    def work():
        with app.app_context():
            gate.wait()
            results.append(sealing.seal_due())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 300
    assert counted(app, "audit_leaves") == 300
    report = verify()
    assert (report.ok, report.checked_rows) == (True, 300)


def test_two_machines_at_once_seal_once(app, make_app, leg, tmp_path, verify):
    """Each has a file of its own, so that nothing but the database keeps them apart."""
    fill(app, 300)
    apps = [make_app(AUDIT_HEADS_FILE=str(tmp_path / f"heads-{number}.log")) for number in range(3)]
    results, gate = [], threading.Barrier(3)

    def work(one):
        with one.app_context():
            gate.wait()
            results.append(sealing.seal_due())

    threads = [threading.Thread(target=work, args=(one,)) for one in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 300
    numbers = [row["number"] for row in query(app, "SELECT number FROM audit_seals ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert counted(app, "audit_leaves") == 300


def heads_file(app):
    with app.app_context():
        return heads.path_of_file()


def test_each_seal_leaves_its_head_outside(app, seal):
    for _ in range(3):
        fill(app, 2)
        seal()
    seals = query(app, "SELECT number, hash, signature, row_count FROM audit_seals ORDER BY number")
    lines = heads_file(app).read_text().splitlines()
    assert [line.split()[:4] for line in lines] == [[str(value) for value in one.values()] for one in seals]
    assert heads_file(app).stat().st_mode & 0o777 == 0o600


def test_a_crash_between_commit_and_head_is_made_good(app, seal, verify, monkeypatch):
    fill(app, 2)
    seal()
    append = heads.append

    def crash(_file, _seal):
        raise OSError("the power is gone")

    monkeypatch.setattr(heads, "append", crash)
    fill(app, 2)
    with pytest.raises(OSError, match="power"):
        seal()
    assert verify().ok  # the newest head may be on its way
    fill(app, 2)
    with pytest.raises(OSError, match="power"):
        seal()  # and no further seal is made before it is there
    assert counted(app, "audit_seals") == 2
    monkeypatch.setattr(heads, "append", append)
    assert seal() == 2
    assert [line.split()[0] for line in heads_file(app).read_text().splitlines()] == ["1", "2", "3"]
    assert verify().ok


def test_half_a_line_is_written_again(app, seal, verify):
    for _ in range(2):
        fill(app, 1)
        seal()
    path = heads_file(app)
    path.write_bytes(path.read_bytes()[:-30])
    fill(app, 1)
    seal()
    assert verify().problems == []
    assert len(path.read_text().splitlines()) == 3


def test_a_former_key_still_verifies(app, seal, verify, make_app):
    fill(app, 2)
    seal()
    old = app.extensions["settings"].audit_seal_key
    new = "another-key-that-signs-from-now-on-0123456789"
    turned = make_app(AUDIT_SEAL_KEY=new, AUDIT_SEAL_PREVIOUS_KEYS=old)
    with turned.app_context(), db.engine.begin() as connection:
        insert_row(connection)
    with turned.app_context():
        assert sealing.seal_due() == 1
        assert integrity.verify(reading()).ok
    without = make_app(AUDIT_SEAL_KEY=new)
    with without.app_context():
        (problem,) = integrity.verify(reading()).problems
    assert (problem.kind, problem.seal) == ("key_unknown", 1)


def test_the_key_is_not_in_the_database(app, seal):
    fill(app, 1)
    seal()
    assert app.extensions["settings"].audit_seal_key not in everything(app)
    assert app.extensions["settings"].audit_seal_key not in heads_file(app).read_text()


# The form that is hashed


def test_the_form_covers_every_column():
    assert set(canon.COLUMNS[canon.FORMAT]) == set(AuditLog.__table__.c.keys())


def test_the_form_is_for_ever():
    row = {
        "id": uuid.UUID("0193a3c4-0000-7000-8000-000000000000"),
        "at": datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC),
        "values_after": {"b": 1.0, "a": ["ü", None, True, 0.5]},
        "note": 'a "quote"',
    }
    encoded = canon.encode(row)
    assert encoded == (
        b'{"at":"2026-03-02T09:00:00.000005+00:00","id":"0193a3c4-0000-7000-8000-000000000000",'
        b'"note":"a \\"quote\\"","values_after":{"a":["\\u00fc",null,true,0.5],"b":1}}'
    )
    assert canon.leaf(encoded) == hashlib.sha256(b"\x00" + encoded).digest()


def test_both_databases_give_the_same_bytes(app, seal):
    values = {"price": "12.50", "whole": 100.0, "large": 1e22, "part": 0.1, "text": "µg", "list": [1, None, True]}
    made = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
    fixed = {"id": v7(made), "request_id": v7(made, 1), "at": made, "values_after": values, "object_ids": ["a"]}
    with app.app_context(), db.engine.begin() as connection:
        insert_row(connection, **fixed)
    seal(everything=True)
    row = query(app, "SELECT hash FROM audit_leaves")[0]
    assert bytes(row["hash"]).hex() == "53cc75bda5b5978f0818d5863f0eb907a226f6762d52cbe2731fb5524a64a470"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 1000])
def test_the_tree_is_that_of_rfc_6962(count):
    def tree(leaves):
        if len(leaves) == 1:
            return leaves[0]
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()

    leaves = [canon.leaf(json.dumps(number).encode()) for number in range(count)]
    assert canon.root(leaves) == tree(leaves).hex()


@pytest.mark.parametrize("table", ["audit_seals", "audit_leaves"])
@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_seals_cannot_be_changed(app, seal, table, verb):
    fill(app, 1)
    seal()
    column = {"audit_seals": "row_count", "audit_leaves": "position"}[table]
    with pytest.raises(DBAPIError, match="cannot be changed"):
        query(app, verb.format(table, column))
    assert counted(app, table) == 1


def test_seals_are_described_by_their_model(app, seal):
    fill(app, 1)
    seal()
    with app.app_context(), db.engine.connect() as connection:
        row = connection.execute(AuditSeal.__table__.select()).one()
    assert canon.seal_hash({name: row._mapping[name] for name in integrity.SEALED_FIELDS}) == row.hash


@pytest.mark.only("sqlite")
def test_seals_are_not_replaced_either(app, seal):
    fill(app, 2)
    seal()
    for table in ("audit_seals", "audit_leaves"):
        with pytest.raises(DBAPIError, match="cannot be changed"):
            query(app, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


@pytest.mark.only("postgres")
def test_seals_are_not_emptied_either(app, seal):
    fill(app, 2)
    seal()
    for statement in ("TRUNCATE audit_seals CASCADE", "TRUNCATE audit_leaves", "TRUNCATE audit_retirements"):
        with pytest.raises(DBAPIError, match="cannot be changed"):
            query(app, statement)


@pytest.mark.only("postgres")
def test_writers_do_not_wait_while_a_seal_is_stored(app, seal, monkeypatch):
    """Hold the sealing transaction open and insert rows meanwhile, with no patience for locks."""
    fill(app, 3)
    store, written = sealing._leaves, []

    def slowly(*given):
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
            written.append(insert_row(connection))
        return store(*given)

    monkeypatch.setattr(sealing, "_leaves", slowly)
    assert seal() == 3
    assert len(written) == 1


def test_the_job_seals(app):
    fill(app, 2)
    result = app.test_cli_runner().invoke(args=["audit", "seal"])
    assert (result.exit_code, result.output) == (0, "2 rows sealed\n")
    assert any(job.work is sealing.seal_due for job in app.extensions["jobs"])
