"""What an entry said before it was corrected stays, for those too who write SQL."""

import pytest
from sqlalchemy.exc import DBAPIError

from tests.factories.database import query
from tests.vaccines.support import item, record

TABLE = "immunization_versions"


def stays(app, doctor, child, statement):
    made = record(doctor, child, lot_number="A1")
    assert doctor.patch(item(made), json={"lot_number": "A2", "version": 1}).status_code == 200
    before = query(app, f"SELECT * FROM {TABLE}")
    assert len(before) == 1
    with pytest.raises(DBAPIError, match="never changed"):
        query(app, statement)
    assert query(app, f"SELECT * FROM {TABLE}") == before


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET said = '{{}}'",
        f"UPDATE {TABLE} SET superseded_by = NULL",
        f"UPDATE {TABLE} SET number = 7",
        f"DELETE FROM {TABLE}",
    ],
)
def test_sql_changes_no_version(app, doctor, child, statement):
    stays(app, doctor, child, statement)


@pytest.mark.only("sqlite")
def test_sql_replaces_no_version(app, doctor, child):
    stays(app, doctor, child, f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}")


@pytest.mark.only("postgres")
def test_sql_empties_no_versions(app, doctor, child):
    stays(app, doctor, child, f"TRUNCATE {TABLE}")
