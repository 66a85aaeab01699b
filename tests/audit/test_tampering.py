"""Whoever may do everything in the database changes the log, and each time the check says so and names the place."""

import gzip
import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from server.core.db import db, reading
from server.core.ids import new_id
from server.modules.audit import canon, heads, integrity, resources
from server.modules.audit.models import AuditLog, AuditSeal
from server.modules.audit.service import retirement, sealing

CHANGEABLE = ("audit_logs", "audit_seals", "audit_leaves", "audit_retirements")


@pytest.fixture
def rows(app):
    """Seal three batches of four rows; give the ids, batch by batch."""
    return [sealed(app, 4) for _ in range(3)]


def sealed(app, count, **fields):
    """Insert rows as requests would, and seal them; return their ids."""
    with app.app_context():
        with db.engine.begin() as connection:
            ids = [insert(connection, status=200 + number, **fields) for number in range(count)]
        assert sealing.seal_due(everything=True) == count
        return ids


def insert(connection, **fields):
    row = {"id": new_id(), "at": datetime.now(UTC), "request_id": new_id(), "actor_roles": ["nurse"], "address": "::1"}
    row |= {"method": "GET", "route": "/x", "action": "x", "object_type": "x", "outcome": "success", "status": 200}
    row |= {"duration_ms": 1, "changed": ["a"], "object_ids": [], "note": "", "values_after": {"a": 1}} | fields
    connection.execute(AuditLog.__table__.insert(), row)
    return row["id"]


def as_superuser(app, *statements, **values):
    """Run statements with the triggers put aside."""
    with app.app_context(), db.engine.begin() as connection:
        restore = []
        if connection.dialect.name == "postgresql":
            for table in CHANGEABLE:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
                restore.append(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        else:
            found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, sql in found:
                if name.startswith("audit_"):
                    connection.execute(text(f"DROP TRIGGER {name}"))
                    restore.append(sql)
        for statement in statements:
            connection.execute(text(statement), {k: stored(connection, v) for k, v in values.items()})
        for statement in restore:
            connection.execute(text(statement))


def stored(connection, value):
    return value.hex if isinstance(value, uuid.UUID) and connection.dialect.name == "sqlite" else value


def problems(app, **options):
    with app.app_context():
        report = integrity.verify(reading(), **options)
        return [(problem.kind, problem.seal, problem.audit_log_id) for problem in report.problems]


def cli(app, *words):
    result = app.test_cli_runner().invoke(args=["audit", *words])
    return result.exit_code, result.output


def test_nothing_done_nothing_found(app, rows):
    assert problems(app) == []
    code, output = cli(app, "verify")
    assert (code, output) == (0, "OK: 12 rows in 3 seals, 0 not sealed yet, 0 retired\n")


@pytest.mark.parametrize(
    "change",
    [
        "status = 500",
        "actor_id = request_id",
        "note = 'x'",
        "address = '::2'",
        "changed = '[]'",
        "values_after = '{\"a\": 2}'",
        "values_after = NULL",
        "version_after = 1",
        "duration_ms = 2",
    ],
)
def test_an_edited_row_is_named(app, rows, change):
    as_superuser(app, f"UPDATE audit_logs SET {change} WHERE id = :id", id=rows[1][2])
    assert problems(app) == [("row_changed", 2, rows[1][2])]
    code, output = cli(app, "verify")
    assert code == 1
    assert f"row_changed: Row {rows[1][2]} of seal 2 was changed." in output


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    "change",
    [
        "at = 'zzz'",
        "changed = 'not json'",
        "actor_id = 'xyz'",
        "action = x'ff00'",
        "object_ids = '[1'",
        "values_after = '{'",
        "duration_ms = 9e999",
        "duration_ms = 'long'",
    ],
)
def test_what_cannot_be_read_hides_nothing(app, as_role, rows, change):
    bad, other = rows[1][2], rows[2][1]
    as_superuser(app, f"UPDATE audit_logs SET {change} WHERE id = :id", id=bad)
    as_superuser(app, "UPDATE audit_logs SET status = 500 WHERE id = :id", id=other)
    code, output = cli(app, "verify")
    said = output.replace("-", "")
    assert code == 1
    assert bad.hex in said
    assert other.hex in said
    assert as_role("admin").get("/audit-logs/verify").json["data"]["ok"] is False


@pytest.mark.only("sqlite")
def test_a_seal_or_leaf_that_cannot_be_read_is_named(app, rows):
    as_superuser(app, "UPDATE audit_seals SET sealed_at = 'x' WHERE number = 2")
    assert "seal_missing" in {kind for kind, *_ in problems(app)}
    as_superuser(app, "UPDATE audit_leaves SET hash = 'text' WHERE audit_log_id = :id", id=rows[0][0])
    assert "leaf_changed" in {kind for kind, *_ in problems(app)}


def test_a_seal_that_there_never_was_is_said(app, rows):
    code, output = cli(app, "verify", "--from-seal", "99")
    assert (code, "Seal 98" in output) == (1, True)


def test_a_row_moved_in_time_is_named(app, rows):
    at = datetime.now(UTC) - timedelta(days=40)
    as_superuser(app, f"UPDATE audit_logs SET at = '{at:%Y-%m-%d %H:%M:%S.%f}' WHERE id = :id", id=rows[1][2])
    found = problems(app)
    assert found[0] == ("row_changed", 2, rows[1][2])


def test_a_deleted_row_is_named(app, rows):
    as_superuser(app, "DELETE FROM audit_logs WHERE id = :id", id=rows[0][1])
    assert problems(app) == [("row_missing", 1, rows[0][1])]


def test_a_row_deleted_with_its_leaf_is_seen(app, rows):
    as_superuser(
        app,
        "DELETE FROM audit_logs WHERE id = :id",
        "DELETE FROM audit_leaves WHERE audit_log_id = :id",
        id=rows[0][1],
    )
    assert problems(app) == [("leaf_missing", 1, None)]


def test_a_cut_tail_is_seen_by_the_file_outside(app, rows):
    as_superuser(
        app,
        "DELETE FROM audit_logs WHERE id IN (SELECT audit_log_id FROM audit_leaves WHERE seal_number = 3)",
        "DELETE FROM audit_leaves WHERE seal_number = 3",
        "DELETE FROM audit_seals WHERE number = 3",
    )
    assert problems(app) == [("tail_cut", 3, None)]
    assert "seals up to 3, table ends at 2" in cli(app, "verify")[1].replace("the table", "table")


def test_a_tail_that_grew_again_is_seen_too(app, rows):
    as_superuser(
        app,
        "DELETE FROM audit_logs WHERE id IN (SELECT audit_log_id FROM audit_leaves WHERE seal_number = 3)",
        "DELETE FROM audit_leaves WHERE seal_number = 3",
        "DELETE FROM audit_seals WHERE number = 3",
    )
    sealed(app, 4)
    assert ("seal_changed", 3, None) in problems(app)


def test_rows_that_swap_what_they_say_are_both_named(app, rows):
    first, second = rows[1][0], rows[1][3]
    as_superuser(
        app,
        "UPDATE audit_logs SET status = 203 WHERE id = :first",
        "UPDATE audit_logs SET status = 200 WHERE id = :second",
        first=first,
        second=second,
    )
    assert problems(app) == [("row_changed", 2, first), ("row_changed", 2, second)]


def test_leaves_that_swap_places_are_seen(app, rows):
    as_superuser(
        app,
        "UPDATE audit_leaves SET position = 99 WHERE audit_log_id = :first",
        "UPDATE audit_leaves SET position = 0 WHERE audit_log_id = :second",
        "UPDATE audit_leaves SET position = 1 WHERE audit_log_id = :first",
        first=rows[1][0],
        second=rows[1][1],
    )
    assert problems(app) == [("seal_broken", 2, None)]


def test_a_changed_leaf_is_named(app, rows):
    as_superuser(
        app,
        "UPDATE audit_leaves SET hash = (SELECT hash FROM audit_leaves WHERE seal_number = 1 AND position = 0)"
        " WHERE audit_log_id = :id",
        id=rows[2][0],
    )
    assert problems(app) == [("leaf_changed", 3, rows[2][0])]


def test_a_row_and_its_leaf_changed_together_break_the_seal(app, rows):
    as_superuser(app, "UPDATE audit_logs SET status = 500 WHERE id = :id", id=rows[1][1])
    forge_leaf(app, rows[1][1])
    assert problems(app) == [("seal_broken", 2, None)]


def forge_leaf(app, row_id):
    """Give a row a leaf that fits what it says now."""
    with app.app_context(), db.engine.connect() as connection:
        row = connection.execute(AuditLog.__table__.select().where(AuditLog.id == row_id)).one()
    as_superuser(
        app,
        "UPDATE audit_leaves SET hash = :hash WHERE audit_log_id = :id",
        hash=canon.leaf(canon.encode({name: row._mapping[name] for name in canon.COLUMNS[1]})),
        id=row_id,
    )


def test_a_seal_forged_without_the_key_is_named(app, rows):
    """Change a row, its leaf, the root and all hashes that follow: only the signatures cannot be made."""
    as_superuser(app, "UPDATE audit_logs SET status = 500 WHERE id = :id", id=rows[1][1])
    forge_leaf(app, rows[1][1])
    with app.app_context(), db.engine.connect() as connection:
        seals = [dict(row._mapping) for row in connection.execute(AuditSeal.__table__.select().order_by("number"))]
        leaves = connection.execute(text("SELECT hash FROM audit_leaves WHERE seal_number = 2 ORDER BY position"))
        seals[1]["root"] = canon.root([bytes(leaf.hash) for leaf in leaves])
    seals[1]["hash"] = canon.seal_hash({name: seals[1][name] for name in integrity.SEALED_FIELDS})
    seals[2]["previous_hash"] = seals[1]["hash"]
    seals[2]["hash"] = canon.seal_hash({name: seals[2][name] for name in integrity.SEALED_FIELDS})
    for seal in seals[1:]:
        as_superuser(
            app,
            "UPDATE audit_seals SET root = :root, hash = :hash, previous_hash = :previous_hash WHERE number = :number",
            **{name: seal[name] for name in ("root", "hash", "previous_hash", "number")},
        )
    with app.app_context():  # the file too, so that nothing but the key is left
        path = heads.path_of_file()
        path.write_text("".join(heads.Head(s["number"], s["hash"], s["signature"], 4, "x").line() for s in seals))
    assert problems(app) == [("seal_forged", 2, None), ("seal_forged", 3, None)]


@pytest.mark.parametrize("column", ["sealed_at", "horizon"])
def test_a_seal_that_was_changed_is_named(app, rows, column):
    as_superuser(app, f"UPDATE audit_seals SET {column} = '2020-01-01 00:00:00.000000' WHERE number = 2")
    assert problems(app)[0] == ("seal_changed", 2, None)


def test_a_missing_seal_is_named(app, rows):
    as_superuser(app, "DELETE FROM audit_leaves WHERE seal_number = 2", "DELETE FROM audit_seals WHERE number = 2")
    assert ("seal_missing", 2, None) in problems(app)


def test_a_broken_chain_is_named(app, rows):
    as_superuser(app, f"UPDATE audit_seals SET previous_hash = '{'f' * 64}' WHERE number = 3")
    assert problems(app)[:2] == [("chain_broken", 3, None), ("seal_changed", 3, None)]


def test_a_row_put_in_afterwards_is_never_sealed_and_named(app, rows):
    past = datetime.now(UTC) - timedelta(days=3)
    with app.app_context():
        with db.engine.begin() as connection:
            forged = insert(connection, at=past, id=uuid.UUID(int=(int(past.timestamp() * 1000) << 80) | (7 << 76) | 7))
        assert sealing.seal_due() == 0  # the job does not look so far back
    assert problems(app) == [("row_unsealed", None, forged)]
    with app.app_context():
        assert sealing.seal_due(everything=True) == 1
    assert problems(app) == [("row_late", 4, forged)]


def test_a_row_with_a_new_id_and_an_old_time_is_late(app, rows):
    (forged,) = sealed(app, 1, at=datetime.now(UTC) - timedelta(hours=2))
    assert problems(app) == [("row_late", 4, forged)]


@pytest.mark.only("postgres")
def test_a_second_row_of_the_same_id_is_seen(app, rows):
    with app.app_context(), db.engine.begin() as connection:
        insert(connection, id=rows[0][0], at=datetime.now(UTC) - timedelta(days=40))
    assert problems(app) == [("row_unsealed", None, rows[0][0])]
    sealed(app, 1)  # and it does not stop the sealing of others


def test_a_row_that_waits_too_long_is_named(app, rows):
    with app.app_context(), db.engine.begin() as connection:
        forgotten = insert(connection, at=datetime.now(UTC) - timedelta(minutes=11))
    assert problems(app) == [("row_unsealed", None, forgotten)]


def test_a_missing_or_cut_file_of_heads_is_said(app, rows):
    with app.app_context():
        path = heads.path_of_file()
    lines = path.read_text().splitlines(keepends=True)
    path.unlink()
    assert problems(app) == [("heads_missing", 1, None)]
    path.write_text(lines[0])
    assert problems(app) == [("heads_missing", 2, None)]
    path.write_text(lines[0] + lines[2])
    assert problems(app) == [("heads_missing", 2, None)]
    path.write_text(lines[0] + "nonsense\n" + lines[1] + lines[2])
    assert problems(app) == [("heads_damaged", None, None)]
    path.write_text("".join(lines[:2]) + lines[2].replace(lines[2].split()[1], "0" * 64))
    assert problems(app) == [("seal_changed", 3, None)]
    path.write_text("".join([*lines, lines[2]]))
    assert problems(app) == []
    assert cli(app, "heads")[1].splitlines() == [line.strip() for line in lines]


# Over HTTP


def test_the_check_over_http(app, as_role, rows):
    admin = as_role("admin")
    answer = admin.get("/audit-logs/verify")
    assert answer.status_code == 200
    data = answer.json["data"]
    assert (data["ok"], data["checked_rows"], data["checked_seals"], data["next_seal"]) == (True, 12, 3, None)
    assert (data["retired_rows"], data["problems"]) == (0, [])
    as_superuser(app, "UPDATE audit_logs SET status = 500 WHERE id = :id", id=rows[1][2])
    data = admin.get("/audit-logs/verify").json["data"]
    (problem,) = data["problems"]
    assert (data["ok"], problem["kind"], problem["seal"]) == (False, "row_changed", 2)
    assert problem["audit_log_id"] == str(rows[1][2])
    data = admin.get("/audit-logs/verify?from_seal=3").json["data"]
    assert (data["ok"], data["checked_seals"], data["checked_rows"]) == (True, 1, 4)
    for wrong in ("0", "x", "-1"):
        answer = admin.get(f"/audit-logs/verify?from_seal={wrong}")
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["from_seal"])
    assert as_role("doctor").get("/audit-logs/verify").status_code == 403


def test_the_check_goes_on_where_its_time_was_up(app, rows, monkeypatch):
    monkeypatch.setattr(integrity, "_ROWS_AT_ONCE", 4)
    with app.app_context(), db.engine.begin() as connection:
        forged = insert(connection, at=datetime.now(UTC) - timedelta(minutes=11))
    seen, found, start = 0, [], 1
    while start is not None:
        with app.app_context():
            report = integrity.verify(reading(), from_seal=start, seconds=0)
        seen, start = seen + report.checked_seals, report.next_seal
        found += [problem.audit_log_id for problem in report.problems]
    assert seen == 3
    assert set(found) == {forged}


# Retirement


@pytest.fixture
def old(app):
    """Seal two batches of long ago and one of now; give their ids."""
    long_ago = datetime.now(UTC) - timedelta(days=400)
    with app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing.clock, "now", lambda: long_ago)
        batches = []
        for number in range(2):
            with db.engine.begin() as connection:
                made = int(long_ago.timestamp() * 1000) + number
                ids = [uuid.UUID(int=(made << 80) | (7 << 76) | (2 << 62) | count) for count in range(3)]
                for one in ids:
                    insert(connection, id=one, at=long_ago)
            sealing.seal_due()
            batches.append(ids)
    return [*batches, sealed(app, 2)]


def test_old_batches_retire_to_a_file_and_are_named_as_retired(app, old, tmp_path):
    code, output = cli(app, "retire", "--older-than", "365", "--archive", str(tmp_path))
    assert code == 0, output
    assert output.startswith("6 rows retired\n")
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    lines = gzip.decompress(file.read_bytes()).splitlines()
    assert len(lines) == 2 + 6
    with app.app_context(), db.engine.connect() as connection:
        left = set(connection.scalars(AuditLog.__table__.select().with_only_columns(AuditLog.id)))
    assert not left & {*old[0], *old[1]}
    assert set(old[2]) <= left
    for words in ((), ("--archive", str(tmp_path))):
        code, output = cli(app, "verify", *words)
        assert (code, "6 retired" in output) == (0, True), output
    # The triggers stand again, and nothing retires twice.
    with pytest.raises(Exception, match="cannot be changed"), app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_logs"))
    assert cli(app, "retire", "--older-than", "365", "--archive", str(tmp_path))[1] == "0 rows retired\n"
    assert problems(app) == []


def test_a_changed_or_lost_file_is_named(app, old, tmp_path):
    cli(app, "retire", "--older-than", "365", "--archive", str(tmp_path))
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    file.write_bytes(gzip.compress(gzip.decompress(content).replace(b'"status":200', b'"status":500')))
    assert problems(app, archive=tmp_path) == [("archive_broken", 1, None), ("archive_broken", 2, None)]
    file.unlink()
    assert problems(app, archive=tmp_path)[0] == ("archive_broken", 1, None)
    assert problems(app) == []


def test_what_was_tampered_with_does_not_retire(app, old, tmp_path):
    as_superuser(app, "UPDATE audit_logs SET status = 500 WHERE id = :id", id=old[0][1])
    with app.app_context(), pytest.raises(retirement.NotAsSealed):
        retirement.retire(older_than=timedelta(days=365), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert problems(app) == [("row_changed", 1, old[0][1])]


def test_a_forged_mark_hides_nothing(app, old):
    as_superuser(
        app,
        "DELETE FROM audit_logs WHERE id IN (SELECT audit_log_id FROM audit_leaves WHERE seal_number = 2)",
        "DELETE FROM audit_leaves WHERE seal_number = 2",
        "INSERT INTO audit_retirements (seal_number, retired_at, file_name, file_hash, key_id, signature)"
        " SELECT number, sealed_at, 'audit.ndjson.gz', hash, key_id, signature FROM audit_seals WHERE number = 2",
    )
    assert problems(app) == [("retirement_forged", 2, None)]


def test_without_a_limit_everything_is_kept(app, old):
    assert cli(app, "retire") == (0, "AUDIT_RETENTION_DAYS is 0: rows are kept for ever.\n")


def retire(app, folder):
    with app.app_context():
        return retirement.retire(older_than=timedelta(days=365), folder=folder)


def test_one_retires_at_a_time(app, old, tmp_path, monkeypatch):
    """Start a second run between the first one's file and its dropping of the rows."""
    drop, refused = retirement._drop, []

    def meanwhile(*given):
        code, output = cli(app, "retire", "--older-than", "365", "--archive", str(tmp_path))
        refused.append((code, "already" in output))
        return drop(*given)

    monkeypatch.setattr(retirement, "_drop", meanwhile)
    count, (file,) = retire(app, tmp_path)
    assert (count, refused) == (6, [(1, True)])
    assert list(tmp_path.iterdir()) == [file]
    assert problems(app, archive=tmp_path) == []


@pytest.mark.only("postgres")
def test_one_machine_retires_at_a_time(app, old, tmp_path, make_app, monkeypatch):
    other, drop, refused = make_app(AUDIT_HEADS_FILE=str(tmp_path / "other.log")), retirement._drop, []

    def meanwhile(*given):
        with pytest.raises(retirement.AlreadyRetiring):
            retire(other, tmp_path / "files")
        refused.append(1)
        return drop(*given)

    monkeypatch.setattr(retirement, "_drop", meanwhile)
    assert retire(app, tmp_path / "files")[0] == 6
    assert refused == [1]


def test_a_file_that_is_there_is_never_overwritten(app, old, tmp_path):
    name = tmp_path / "audit-000000001-000000002.ndjson.gz"
    name.write_bytes(b"the only copy of something")
    code, output = cli(app, "retire", "--older-than", "365", "--archive", str(tmp_path))
    assert (code, "is there already" in output) == (1, True)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"the only copy of something"]
    assert problems(app) == []


def test_a_crash_after_the_file_is_made_good(app, old, tmp_path, monkeypatch):
    drop = retirement._drop
    monkeypatch.setattr(retirement, "_drop", lambda *_given: (_ for _ in ()).throw(OSError("the power is gone")))
    with pytest.raises(OSError, match="power"):
        retire(app, tmp_path)
    monkeypatch.setattr(retirement, "_drop", drop)
    assert retire(app, tmp_path)[0] == 6
    assert problems(app, archive=tmp_path) == []


def test_the_file_is_on_the_disk_before_rows_are_dropped(app, old, tmp_path, monkeypatch):
    synced, fsync, drop, before = [], os.fsync, retirement._drop, []

    def note(number):
        synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
        fsync(number)

    def dropped(*given):
        before.extend(synced)
        return drop(*given)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(retirement, "_drop", dropped)
    retire(app, tmp_path)
    assert [".audit-" in before[0], before[1]] == [True, str(tmp_path)]


def test_rows_are_dropped_in_portions_of_one_file(app, old, tmp_path, monkeypatch):
    portions, drop = [], retirement._drop
    monkeypatch.setattr(retirement, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(retirement, "_drop", lambda seals, *rest: portions.append(len(seals)) or drop(seals, *rest))
    count, files = retire(app, tmp_path)
    assert (count, len(files), portions) == (6, 1, [1, 1])
    assert problems(app, archive=tmp_path) == []


# What is honest, and how far a check goes


def test_a_slow_request_is_no_forgery(app, rows):
    """Its row is made at its end: the client took twenty minutes to send the body."""
    with app.app_context():
        with db.engine.begin() as connection:
            insert(connection, at=datetime.now(UTC) - timedelta(minutes=20), duration_ms=20 * 60_000)
        assert problems(app) == []
        assert sealing.seal_due() == 1
    assert problems(app) == []


def test_a_partial_check_is_no_verdict(app, rows, as_role, monkeypatch):
    monkeypatch.setattr(integrity, "_ROWS_AT_ONCE", 4)
    monkeypatch.setattr(resources, "SECONDS_TO_VERIFY", 0.0)
    admin = as_role("admin")
    data = admin.get("/audit-logs/verify").json["data"]
    assert (data["ok"], data["next_seal"], data["problems"]) == (None, 2, [])
    as_superuser(app, "UPDATE audit_logs SET status = 500 WHERE id = :id", id=rows[1][2])
    data = admin.get("/audit-logs/verify?from_seal=2").json["data"]
    assert (data["ok"], data["next_seal"]) == (False, 3)


def test_a_partial_check_waits_for_the_line_of_its_newest_seal(app, rows):
    with app.app_context():
        path = heads.path_of_file()
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    assert problems(app, from_seal=3, seconds=0) == []


def test_a_check_ends_when_there_is_enough(app, rows, monkeypatch):
    """Rows that are gone, such as with a dropped partition, cost one statement a seal, until enough is said."""
    monkeypatch.setattr(integrity, "_ROWS_AT_ONCE", 4)
    monkeypatch.setattr(integrity, "MOST_PROBLEMS", 3)
    as_superuser(app, "DELETE FROM audit_logs")
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        report = integrity.verify(reading())
    assert [problem.kind for problem in report.problems] == ["row_missing"] * 3
    assert (report.checked_seals, report.next_seal, report.ok) == (1, 2, False)
    assert len([one for one in statements if "FROM audit_logs" in one and " IN (" in one]) == 1


def test_a_look_for_unsealed_rows_ends_when_there_is_enough(app, rows, monkeypatch):
    monkeypatch.setattr(integrity, "_ROWS_AT_ONCE", 4)
    monkeypatch.setattr(integrity, "MOST_PROBLEMS", 3)
    with app.app_context(), db.engine.begin() as connection:
        for _ in range(24):
            insert(connection, at=datetime.now(UTC) - timedelta(minutes=11))
    with app.app_context():
        report = integrity.verify(reading(), from_seal=4)
    assert (report.unsealed_rows < 24, report.ok, len(report.problems)) == (True, False, 3)


def test_heads_of_other_machines_are_caught_up(app, rows, tmp_path, make_app):
    with app.app_context():
        path = heads.path_of_file()
    copy = tmp_path / "second.log"
    copy.write_text(path.read_text().splitlines(keepends=True)[0])
    other = make_app(AUDIT_HEADS_FILE=str(copy))
    with other.app_context():
        sealing.seal_due()
    assert copy.read_text() == path.read_text()


def test_heads_of_other_seals_are_left_as_they_are(app, rows, tmp_path, make_app):
    with app.app_context():
        line = heads.path_of_file().read_text().splitlines(keepends=True)[0]
    copy = tmp_path / "second.log"
    copy.write_text(line.replace(line.split()[1], "0" * 64))
    with make_app(AUDIT_HEADS_FILE=str(copy)).app_context():
        sealing.seal_due()
    assert len(copy.read_text().splitlines()) == 1
