"""Triggers of both databases, installed again after every migration that rebuilds a table (SQLite drops them then)."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

# The audit log and the seals over it, each with what a row that takes another's place has in common with it.
_UNCHANGEABLE = {
    "audit_logs": "id = new.id OR rowid = new.rowid",
    "audit_seals": "number = new.number",
    "audit_leaves": (
        "audit_log_id = new.audit_log_id OR rowid = new.rowid"
        " OR (seal_number = new.seal_number AND position = new.position)"
    ),
    "audit_retirements": "seal_number = new.seal_number",
}

_REFUSE_SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'audit rows cannot be changed'); END
"""

# REPLACE takes the place of a row without firing the triggers of DELETE.
_REFUSE_REPLACE_SQLITE = """
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
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

# What the exclusion constraints of PostgreSQL say; the messages are the names of those. No row is longer than the
# longest visit and its buffers, so that older rows need no look; a second more makes up for what is rounded.
LONGEST_VISIT_MINUTES, LONGEST_TAKEN_MINUTES = 480, 960
_OVERLAPS_SQLITE = {
    "ex_taken_intervals_doctor": (
        "doctor_id = new.doctor_id AND seat = new.seat AND busy_from < new.busy_to AND busy_to > new.busy_from"
        f" AND busy_from > datetime(new.busy_from, '-{LONGEST_TAKEN_MINUTES} minutes', '-1 second')"
    ),
    "ex_taken_intervals_patient": (
        "patient_id = new.patient_id AND starts_at < new.ends_at AND ends_at > new.starts_at"
        f" AND starts_at > datetime(new.starts_at, '-{LONGEST_VISIT_MINUTES} minutes', '-1 second')"
    ),
}
_NO_OVERLAP_SQLITE = """
CREATE TRIGGER {name}_{verb} BEFORE {verb} ON taken_intervals
WHEN EXISTS (SELECT 1 FROM taken_intervals WHERE id <> new.id AND {overlap})
BEGIN SELECT RAISE(ABORT, 'constraint failed: {name}'); END
"""


# Ledgers and what was added to or said in a chart: rows come, and stay as they came.
_APPEND_ONLY = (
    *("stock_movements", "note_addenda", "procedure_addenda"),
    *("order_receipts", "order_receipt_lines", "safety_findings", "controlled_entries"),
    *("sale_payments", "sale_refunds", "sale_refund_lines"),
    *("medical_record_versions", "immunization_versions"),
)
_STAYS = "rows of {table} are never changed"
_KEEP_REPLACE_SQLITE = """
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE id = new.id OR rowid = new.rowid)
BEGIN SELECT RAISE(ABORT, '{stays}'); END
"""

# What was measured, when, by whom, and how it was judged then. Its status and whose it is (a merge) may change.
_MEASURED = (
    *("id", "set_id", "kind", "measured_at", "value", "unit", "entered_value", "entered_unit", "loinc"),
    *("flag", "range_low", "range_high", "range_source", "recorded_by", "recorded_at"),
)
# What a signature stands for.
_SIGNED = (
    *("subjective", "objective", "assessment", "plan"),
    *("signed_at", "signed_by", "sha256", "visit_id", "recorded_by"),
)
_SIGNED_STAYS = "a signed note is never changed"
_SIGNED_SQLITE = {
    "visit_notes_signed": "BEFORE UPDATE ON visit_notes WHEN old.signed_at IS NOT NULL AND ({differs})",
    "visit_notes_signed_delete": "BEFORE DELETE ON visit_notes WHEN old.signed_at IS NOT NULL",
    # REPLACE takes the place of a row without firing the trigger of DELETE.
    "visit_notes_signed_replace": (
        "BEFORE INSERT ON visit_notes WHEN EXISTS (SELECT 1 FROM visit_notes"
        " WHERE signed_at IS NOT NULL AND (id = new.id OR rowid = new.rowid))"
    ),
    "visit_notes_signed_place": "BEFORE UPDATE ON visit_notes WHEN old.id <> new.id OR old.rowid <> new.rowid",
}
_SIGNED_POSTGRES = {
    "visit_notes_signed": (
        "BEFORE UPDATE ON visit_notes FOR EACH ROW WHEN (old.signed_at IS NOT NULL AND ({differs}))"
    ),
    "visit_notes_signed_delete": "BEFORE DELETE ON visit_notes FOR EACH ROW WHEN (old.signed_at IS NOT NULL)",
    "visit_notes_signed_truncate": "BEFORE TRUNCATE ON visit_notes FOR EACH STATEMENT",
}


def install_triggers(bind: Connection) -> None:
    """Install the triggers of every table that is there; those that stand are replaced."""
    tables = set(inspect(bind).get_table_names())
    is_postgres = bind.dialect.name == "postgresql"
    for table in filter(tables.__contains__, _APPEND_ONLY):
        (_keep_on_postgres if is_postgres else _keep_on_sqlite)(bind, table)
    if "vital_measurements" in tables:
        (_keep_measured_on_postgres if is_postgres else _keep_measured_on_sqlite)(bind)
    if "visit_notes" in tables:
        (_keep_signed_on_postgres if is_postgres else _keep_signed_on_sqlite)(bind)
    for table in filter(tables.__contains__, _UNCHANGEABLE):
        (_protect_on_postgres if bind.dialect.name == "postgresql" else _protect_on_sqlite)(bind, table)
    if "taken_intervals" in tables and bind.dialect.name == "sqlite":
        _forbid_overlaps_on_sqlite(bind)
    if "patients" in tables and bind.dialect.name == "sqlite":
        _search_on_sqlite(bind)


def _protect_on_sqlite(bind: Connection, table: str) -> None:
    for verb in ("update", "delete"):
        bind.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        bind.execute(text(_REFUSE_SQLITE.format(table=table, verb=verb)))
    bind.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_replace"))
    bind.execute(text(_REFUSE_REPLACE_SQLITE.format(table=table, same=_UNCHANGEABLE[table])))


def _protect_on_postgres(bind: Connection, table: str) -> None:
    bind.execute(text(_REFUSE_POSTGRES))
    partitions = bind.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(:table)"), {"table": table}
    ).all()
    bind.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}"))
    bind.execute(
        text(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
        )
    )
    for one in (table, *partitions):
        # Those of the partitions are called as the log's own is; partitions.py makes them by that name.
        bind.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {one}"))
        bind.execute(
            text(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {one} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
            )
        )


def _forbid_overlaps_on_sqlite(bind: Connection) -> None:
    for name, overlap in _OVERLAPS_SQLITE.items():
        for verb in ("INSERT", "UPDATE"):
            bind.execute(text(f"DROP TRIGGER IF EXISTS {name}_{verb}"))
            bind.execute(text(_NO_OVERLAP_SQLITE.format(name=name, verb=verb, overlap=overlap)))


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


def _keep_on_sqlite(bind: Connection, table: str, *, changed: str = "TRUE") -> None:
    """Refuse deletes, replacements, and the updates by which a row has `changed`."""
    stays = _STAYS.format(table=table)
    for verb, when in (("update", f"WHEN {changed}"), ("delete", "")):
        bind.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        refuse = f"BEGIN SELECT RAISE(ABORT, '{stays}'); END"
        bind.execute(text(f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} {when} {refuse}"))
    bind.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_replace"))
    bind.execute(text(_KEEP_REPLACE_SQLITE.format(table=table, stays=stays)))


def _keep_on_postgres(bind: Connection, table: str, *, changed: str = "TRUE") -> None:
    """Refuse deletes, also of all rows at once, and the updates by which a row has `changed`."""
    bind.execute(
        text(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
        )
    )
    events = {
        "no_change": f"UPDATE ON {table} FOR EACH ROW WHEN ({changed})",
        "no_delete": f"DELETE ON {table} FOR EACH ROW",
        "no_truncate": f"TRUNCATE ON {table} FOR EACH STATEMENT",
    }
    for name, when in events.items():
        bind.execute(text(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}"))
        bind.execute(text(f"CREATE TRIGGER {table}_{name} BEFORE {when} EXECUTE FUNCTION refuse_change()"))


def _keep_measured_on_sqlite(bind: Connection) -> None:
    differs = " OR ".join(f"old.{name} IS NOT new.{name}" for name in (*_MEASURED, "rowid"))
    _keep_on_sqlite(bind, "vital_measurements", changed=differs)


def _keep_measured_on_postgres(bind: Connection) -> None:
    differs = " OR ".join(f"old.{name} IS DISTINCT FROM new.{name}" for name in _MEASURED)
    _keep_on_postgres(bind, "vital_measurements", changed=differs)


def _keep_signed_on_sqlite(bind: Connection) -> None:
    differs = " OR ".join(f"old.{name} IS NOT new.{name}" for name in _SIGNED)
    for name, when in _SIGNED_SQLITE.items():
        bind.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        refuse = f"BEGIN SELECT RAISE(ABORT, '{_SIGNED_STAYS}'); END"
        bind.execute(text(f"CREATE TRIGGER {name} {when.format(differs=differs)} {refuse}"))


def _keep_signed_on_postgres(bind: Connection) -> None:
    differs = " OR ".join(f"old.{name} IS DISTINCT FROM new.{name}" for name in _SIGNED)
    bind.execute(
        text(
            "CREATE OR REPLACE FUNCTION refuse_signed_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{_SIGNED_STAYS}' USING ERRCODE = 'restrict_violation'; END $$"
        )
    )
    for name, when in _SIGNED_POSTGRES.items():
        bind.execute(text(f"DROP TRIGGER IF EXISTS {name} ON visit_notes"))
        refuse = "EXECUTE FUNCTION refuse_signed_change()"
        bind.execute(text(f"CREATE TRIGGER {name} {when.format(differs=differs)} {refuse}"))
