"""What was measured stays, for those too who write SQL."""

import pytest
from sqlalchemy.exc import DBAPIError

from tests.factories.database import query
from tests.factories.people import make_patient
from tests.vitals.support import amend, one, take

TABLE = "vital_measurements"
CONTENT = {
    "value": "1",
    "entered_value": "1",
    **dict.fromkeys(("range_low", "range_high"), "coalesce(range_low, 0) + 1000"),
    **dict.fromkeys(("kind", "unit", "entered_unit", "loinc", "range_source"), "'x'"),
    "flag": "CASE flag WHEN 'critical' THEN 'low' ELSE 'critical' END",
    **dict.fromkeys(("measured_at", "recorded_at"), "'2020-01-01 00:00:00'"),
    "recorded_by": "NULL",
}
REFUSED = [
    *(f"UPDATE {TABLE} SET {name} = {value}" for name, value in CONTENT.items()),
    f"UPDATE {TABLE} SET set_id = (SELECT id FROM vital_sets other WHERE other.id <> set_id LIMIT 1)",
    f"UPDATE {TABLE} SET status = 'entered_in_error', value = 1",
    f"DELETE FROM {TABLE}",
    f"DELETE FROM {TABLE} WHERE status = 'superseded'",
]


@pytest.fixture
def taken(ward):
    """Take two sets and amend the first."""
    first = take(ward.nurse, ward.visit_id, heart_rate=172, weight=80)
    take(ward.nurse, ward.visit_id, heart_rate=71)
    return amend(ward.nurse, first, heart_rate=72)


def stays(app, statement):
    before = query(app, f"SELECT * FROM {TABLE} ORDER BY id")
    assert len(before) == 4
    with pytest.raises(DBAPIError, match="never changed"):
        query(app, statement)
    assert query(app, f"SELECT * FROM {TABLE} ORDER BY id") == before


@pytest.mark.parametrize("statement", REFUSED)
def test_sql_changes_nothing_that_was_measured(app, taken, statement):
    stays(app, statement)


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}",
        f"UPDATE OR REPLACE {TABLE} SET id = (SELECT max(id) FROM {TABLE}) WHERE status = 'superseded'",
        f"UPDATE {TABLE} SET rowid = rowid + 100",
    ],
)
def test_sql_replaces_nothing(app, taken, statement):
    stays(app, statement)


@pytest.mark.only("postgres")
def test_sql_empties_nothing(app, taken):
    stays(app, f"TRUNCATE {TABLE}")


def test_what_becomes_of_a_measurement_may_change(app, ward, taken):
    other = make_patient(app)
    query(app, f"UPDATE {TABLE} SET status = 'entered_in_error', superseded_at = recorded_at, superseded_reason = 'x'")
    query(app, f"UPDATE {TABLE} SET patient_id = (SELECT id FROM patients WHERE mrn = :mrn)", mrn=other.mrn)
    assert {row["status"] for row in query(app, f"SELECT status FROM {TABLE}")} == {"entered_in_error"}
    assert len(query(app, f"SELECT DISTINCT patient_id FROM {TABLE}")) == 1
    assert ward.nurse.get(one(taken)).status_code == 200
