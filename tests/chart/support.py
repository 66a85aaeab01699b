"""What tests of merges share: two patients with a row in every table that names a patient, and a look at all rows."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import JSON, Boolean, Date, DateTime, Float, Integer, LargeBinary, Table, insert

from server.core.db import Base, db
from server.core.ids import new_id
from server.core.uow import command
from server.modules.chart.queries.schema import moved_columns
from tests.factories.calendar import make_doctor

AT = datetime(2025, 1, 1, tzinfo=UTC)
_END = AT + timedelta(minutes=30)


def _hour_of(word: str) -> datetime:
    """Return an hour that differs between the words of a test, so that two patients' times do not clash."""
    return AT + timedelta(hours=sum(word.encode()))


# Columns whose values a check constraint or the meaning of the row decides.
GIVEN: dict[str, dict[str, Any]] = {
    "appointments": {"ends_at": _END, "status": "scheduled", "type": "consultation"},
    "doctor_reviews": {"rating": 5},
    "taken_intervals": {
        "kind": "booking",
        **dict.fromkeys(("starts_at", "busy_from"), _hour_of),
        **dict.fromkeys(("ends_at", "busy_to"), lambda word: _hour_of(word) + timedelta(hours=1)),
    },
    "allergies": {"status": "active", "severity": "mild", "substance": "Latex", "substance_key": "latex"},
    "conditions": {"status": "active"},
    "allergy_statements": {"withdrawn_at": AT},
    "medical_histories": {"superseded_at": AT},
    "care_relations": {"audience": None, "source": "visit"},
    "patient_contacts": {"kind": "guardian"},
    "charges": {"status": "open", "source_id": None},
    "documents": {"status": "released", "source": "clinic"},
    # The verdict that the schedule gives, so that being parted again gives it back.
    "immunizations": {"status": "completed", "source": "clinic", "vaccine_code": "08", "validity": "valid"},
    "medical_records": {"status": "released", "source": "clinic", "number": 1, "released_number": 1},
    "prescriptions": {"status": "active", "source": "internal", "replaces_id": None, "renews_id": None},
    "items": {"kind": "medication", "on_hand": 1},
    "medications": {"prescription_required": True},
    "safety_findings": {"severity": "warning", "stage": "prescribe"},
    "sales": {"total": 2, "tax": 1, "subtotal": 1, "refunded": 0, "change": 0},
    "dispenses": {"status": "filled", "settled_type": None, "settled_id": None},
    "procedures": {"status": "ordered"},
    "stored_files": {"scan": "clean", "status": "kept"},
    "treatments": {"status": "planned"},
    "visit_notes": {"status": "signed", "signed_at": AT, "sha256": "0" * 64},
    "visits": {"status": "completed", "source": "clinic", "number": lambda word: sum(word.encode())},
    "vital_measurements": {"status": "final"},
    "vital_sets": {"status": "final"},
    "proxies": {"may_view": True},
}


def dump(app: Flask, *, without: tuple[str, ...] = ()) -> dict[str, dict[Any, dict[str, Any]]]:
    """Return every row of every table that a merge moves, by table and key."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: {
                tuple(row[column.name] for column in table.primary_key): {
                    name: value for name, value in row.items() if name not in without
                }
                for row in connection.execute(table.select()).mappings()
            }
            for table in {table for table, _ in moved_columns()}
        }


def fill(app: Flask, patient_id: uuid.UUID, user_id: uuid.UUID, *, differently: str) -> set[str]:
    """Give a patient a row in every table that names one; return the names of the tables."""
    filled: set[str] = set()
    doctor = make_doctor(app)
    with app.app_context(), command("tests.fill", "patient"):
        made: dict[str, uuid.UUID] = {"patients": patient_id, "users": user_id, "doctors": doctor.id}
        for table, column in moved_columns():
            if table.name == "patients":
                continue
            _make_parents(table, made, differently)
            row = values_of(table, made, differently) | {column.name: patient_id}
            db.session.execute(insert(table).values(row))
            made[table.name] = row.get("id", patient_id)
            filled.add(table.name)
    return filled


def _make_parents(table: Table, made: dict[str, uuid.UUID], word: str) -> None:
    """Make a row of each table that this one cannot do without and that names no patient itself."""
    for column in table.c:
        for key in column.foreign_keys:
            parent = key.column.table
            if not column.nullable and parent.name not in made:
                _make_parents(parent, made, word)
                row = values_of(parent, made, word)
                db.session.execute(insert(parent).values(row))
                made[parent.name] = row["id"]


def values_of(table: Table, made: dict[str, uuid.UUID], word: str) -> dict[str, Any]:
    """Return a row that the schema allows: what it refers to is there, everything else is made up."""
    given = GIVEN.get(table.name, {})
    row: dict[str, Any] = {}
    for column in table.c:
        parents = [key.column.table.name for key in column.foreign_keys]
        if column.name in given:
            fixed = given[column.name]
            row[column.name] = fixed(word) if callable(fixed) else fixed
        elif parents:
            row[column.name] = made.get(parents[0])
        elif column.primary_key:
            row[column.name] = new_id()
        elif not column.nullable:
            row[column.name] = made_up(column.type, word)
    return row


_VALUES: list[tuple[type, Callable[[str], Any]]] = [
    (Boolean, lambda _word: False),
    (Integer, lambda _word: 1),
    (Float, lambda _word: 1.5),
    (DateTime, lambda _word: AT),
    (Date, lambda _word: date(2025, 1, 1)),
    (JSON, lambda word: [word]),
    (LargeBinary, lambda word: word.encode()),
]


def made_up(kind: Any, word: str) -> Any:
    """Return a value of a type."""
    kind = getattr(kind, "impl_instance", kind)
    return next((make(word) for type_, make in _VALUES if isinstance(kind, type_)), word)


def tables_with_a_unique_rule_on_the_patient() -> set[str]:
    """Return the names of tables in which a patient's rows may stand in the way of another's."""
    found = set()
    for table, column in moved_columns():
        uniques = [table.primary_key, *(index for index in table.indexes if index.unique)]
        uniques += [one for one in table.constraints if one.__class__.__name__ == "UniqueConstraint"]
        if any(column.name in one.columns for one in uniques):
            found.add(table.name)
    return found


def all_tables() -> set[str]:
    """Return the names of all tables."""
    return set(Base.metadata.tables)
