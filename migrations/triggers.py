"""Triggers of both databases, installed again after every migration that rebuilds a table (SQLite drops them then)."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

_REFUSE_SQLITE = """
CREATE TRIGGER audit_logs_no_{verb} BEFORE {verb} ON audit_logs
BEGIN SELECT RAISE(ABORT, 'audit rows cannot be changed'); END
"""

# REPLACE takes the place of a row without firing the triggers of DELETE.
_REFUSE_REPLACE_SQLITE = """
CREATE TRIGGER audit_logs_no_replace BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE id = new.id OR rowid = new.rowid)
BEGIN SELECT RAISE(ABORT, 'audit rows cannot be changed'); END
"""

_REFUSE_POSTGRES = """
CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit rows cannot be changed' USING ERRCODE = 'restrict_violation'; END $$
"""

# The search index reads the patients table itself (external content) and is kept in step by these.
_SEARCH_SQLITE = {
    "insert": """
CREATE TRIGGER patients_search_insert AFTER INSERT ON patients BEGIN
  INSERT INTO patients_search(rowid, search_text) VALUES (new.number, new.search_text);
END""",
    "delete": """
CREATE TRIGGER patients_search_delete AFTER DELETE ON patients BEGIN
  INSERT INTO patients_search(patients_search, rowid, search_text) VALUES ('delete', old.number, old.search_text);
END""",
    "update": """
CREATE TRIGGER patients_search_update AFTER UPDATE OF search_text, number ON patients BEGIN
  INSERT INTO patients_search(patients_search, rowid, search_text) VALUES ('delete', old.number, old.search_text);
  INSERT INTO patients_search(rowid, search_text) VALUES (new.number, new.search_text);
END""",
}


def install_triggers(bind: Connection) -> None:
    """Install the triggers of every table that is there; those that stand are replaced."""
    tables = set(inspect(bind).get_table_names())
    if "audit_logs" in tables:
        (_protect_on_postgres if bind.dialect.name == "postgresql" else _protect_on_sqlite)(bind)
    if "patients" in tables and bind.dialect.name == "sqlite":
        _search_on_sqlite(bind)


def _protect_on_sqlite(bind: Connection) -> None:
    for verb in ("update", "delete"):
        bind.execute(text(f"DROP TRIGGER IF EXISTS audit_logs_no_{verb}"))
        bind.execute(text(_REFUSE_SQLITE.format(verb=verb)))
    bind.execute(text("DROP TRIGGER IF EXISTS audit_logs_no_replace"))
    bind.execute(text(_REFUSE_REPLACE_SQLITE))


def _protect_on_postgres(bind: Connection) -> None:
    bind.execute(text(_REFUSE_POSTGRES))
    partitions = bind.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass")
    ).all()
    bind.execute(text("DROP TRIGGER IF EXISTS audit_logs_no_change ON audit_logs"))
    bind.execute(
        text(
            "CREATE TRIGGER audit_logs_no_change BEFORE UPDATE OR DELETE ON audit_logs "
            "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
        )
    )
    for table in ("audit_logs", *partitions):
        bind.execute(text(f"DROP TRIGGER IF EXISTS audit_logs_no_truncate ON {table}"))
        bind.execute(
            text(
                f"CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
            )
        )


def _search_on_sqlite(bind: Connection) -> None:
    bind.execute(
        text(
            "CREATE VIRTUAL TABLE IF NOT EXISTS patients_search USING "
            "fts5(search_text, content='patients', content_rowid='number', tokenize='trigram')"
        )
    )
    for verb, statement in _SEARCH_SQLITE.items():
        bind.execute(text(f"DROP TRIGGER IF EXISTS patients_search_{verb}"))
        bind.execute(text(statement))
    bind.execute(text("INSERT INTO patients_search(patients_search) VALUES ('rebuild')"))
