"""One pool for reads in autocommit and for transactions; no use of a connection is left in the mode of another."""

import pytest
from sqlalchemy import text

from server.core.db import begin_writing, close_reading, db, reading
from server.core.uow import unrecorded

NOW = text("SELECT now()")


@pytest.mark.only("postgres")
def test_reads_are_in_autocommit_and_all_else_in_a_transaction(app):
    def is_one_transaction(connection):
        return connection.scalar(NOW) == connection.scalar(NOW)  # the time at which the transaction began

    with app.app_context():
        db.engine.dispose()
        for _ in range(3):
            assert not is_one_transaction(reading())
            close_reading()
            with db.engine.connect() as connection:
                assert is_one_transaction(connection)
            assert not is_one_transaction(reading())
            assert is_one_transaction(begin_writing())
            db.session.remove()
            assert not is_one_transaction(reading())
            with unrecorded() as connection:
                assert is_one_transaction(connection)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                assert not is_one_transaction(connection)
            with db.engine.begin() as connection:
                assert is_one_transaction(connection)
        assert db.engine.pool.checkedin() <= 2


def test_what_is_read_is_described_like_any_result(app):
    with app.app_context():
        for _ in range(2):
            result = reading().execute(text("SELECT 1 AS one, 'x' AS other"))
            assert (list(result.keys()), result.mappings().one()) == (["one", "other"], {"one": 1, "other": "x"})
        raw = reading().exec_driver_sql("SELECT 2 AS two").cursor
        assert [column[0] for column in raw.description] == ["two"]
        assert len(raw.description) == 1
