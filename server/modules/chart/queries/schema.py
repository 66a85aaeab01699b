"""Which tables hold something of a patient: asked of the schema, so that a new table joins by its foreign key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Column, Table

from server.core.db import Base

# Columns that name a patient and stay as they are when that one is merged, and why.
STAYING: Mapping[tuple[str, str], str] = {
    ("patient_merges", "survivor_id"): "says what was merged into whom",
    ("patient_merges", "duplicate_id"): "says what was merged into whom",
}

# Columns that name without a foreign key what a patient's row belongs to, and the tables of that.
_KEYLESS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("charges", "visit_id"): ("visits",),
    ("charges", "source_id"): ("procedures", "treatments"),
}


def columns_naming_a_patient() -> Iterator[tuple[Table, Column[object]]]:
    """Yield every table and column with a foreign key to patients, in the order of the foreign keys."""
    patients = Base.metadata.tables["patients"]
    for table in Base.metadata.sorted_tables:
        for column in table.c:
            if any(key.column is patients.c.id for key in column.foreign_keys):
                yield table, column


def moved_columns() -> list[tuple[Table, Column[object]]]:
    """Return the columns that a merge points to the survivor."""
    return [(table, column) for table, column in columns_naming_a_patient() if (table.name, column.name) not in STAYING]


def belongings() -> Iterator[tuple[Table, Column[object], Table]]:
    """Yield by which column a patient's row belongs to another row of the same patient, and its table; parents first.

    A note belongs to its visit, a measurement to its set, a charge to what was done.
    """
    tables = Base.metadata.tables
    for table in Base.metadata.sorted_tables:
        for column in table.c if "patient_id" in table.c else ():
            for key in column.foreign_keys:
                if "patient_id" in key.column.table.c:
                    yield table, column, key.column.table
    for (name, column_name), parents in _KEYLESS.items():
        for parent in parents:
            yield tables[name], tables[name].c[column_name], tables[parent]
