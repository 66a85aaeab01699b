"""Statements that are sent on the driver's cursor: the same rows, errors and events as by SQLAlchemy's own way."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Integer,
    Numeric,
    String,
    Uuid,
    bindparam,
    cast,
    column,
    event,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from server.core import clock as clocks, direct
from server.core.columns import NOW, UTCDateTime
from server.core.db import begin_writing, close_reading, db, reading
from server.core.jobs import JobRun
from server.core.upserts import PlainInsert, insert_new
from server.modules.notifications.models import OutboxMessage

KINDS = [
    (Uuid(), uuid.uuid4()),
    (UTCDateTime(), datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
    (Date(), date(2026, 2, 28)),
    (Integer(), -7),
    (String(), "Zoë %s %(x)s ' \\"),
    (Boolean(), True),
    (JSON(), {"a": [1, None, "x"]}),
    (Numeric(8, 2), Decimal("12.50")),
]


@pytest.mark.parametrize(("kind", "value"), KINDS, ids=lambda one: type(one).__name__)
def test_rows_equal_those_of_sqlalchemy(app, kind, value):
    it, none = (bindparam(name, type_=kind) for name in ("it", "none"))
    if isinstance(kind, Numeric):
        it, none = cast(it, kind), cast(none, kind)
    stmt = select(it.label("it"), none.label("none"), NOW.label("at"))
    values = {"it": value, "none": None, "beside": "of no use here"}
    with app.app_context():
        for _ in range(2):
            (expected,) = reading().execute(stmt, values)
            (found,) = direct.fetch(reading(), stmt, values)
            assert tuple(found)[:2] == tuple(expected)[:2] == (value, None)
            assert type(found.it) is type(expected.it)
            assert found._mapping["it"] == value
            assert found[1:2] == (None,)
            assert found.at.tzinfo is expected.at.tzinfo


@pytest.mark.only("postgres")
def test_hot_statements_are_sent_directly_and_what_depends_on_values_is_not(app):
    many = select(column("n")).select_from(text("generate_series(1, 9) AS n")).where(column("n").in_(bindparam("some")))
    usual = select(bindparam("it", 5, type_=Integer()).label("it"))
    with app.app_context():
        dialect = reading().dialect
        kinds = [kind for kind, _ in KINDS if not isinstance(kind, Numeric)]
        assert all(direct._prepared(select(bindparam("it", type_=kind)), dialect) for kind in kinds)
        assert direct._prepared(many.params(some=[]), dialect) is None
        assert direct._prepared(usual, dialect) is None
        assert direct.fetch_one(reading(), usual, {}).it == 5
        assert direct.fetch_one(reading(), usual, {"it": 6}).it == 6


def test_a_statement_is_told_of_before_and_after(app):
    told = []
    stmt = select(bindparam("it", type_=Integer()).label("it"))
    with app.app_context():
        listeners = {when: (lambda *sent, when=when: told.append((when, sent[2]))) for when in ("before", "after")}
        for when, listener in listeners.items():
            event.listen(db.engine, f"{when}_cursor_execute", listener)
        try:
            direct.fetch(reading(), stmt, {"it": 1})
        finally:
            for when, listener in listeners.items():
                event.remove(db.engine, f"{when}_cursor_execute", listener)
    assert [when for when, _ in told] == ["before", "after"]
    assert all(sql.startswith("SELECT") for _, sql in told)


def test_errors_are_those_of_sqlalchemy_and_a_read_goes_on(app):
    stmt = select(column("id")).select_from(table("nowhere", column("id"))).where(column("id") == bindparam("it"))
    with app.app_context():
        with pytest.raises(DBAPIError) as expected:
            reading().execute(stmt, {"it": 1})
        with pytest.raises(DBAPIError) as found:
            direct.fetch(reading(), stmt, {"it": 1})
        assert type(found.value) is type(expected.value)
        assert type(found.value.orig) is type(expected.value.orig)
        assert "parameters hidden" in str(found.value)
        assert direct.fetch_one(reading(), select(bindparam("it", type_=Integer())), {"it": 3})[0] == 3


def test_what_is_no_error_of_the_driver_stays_what_it_is(app):
    def refuse(*_sent):
        raise LookupError("not now")

    stmt = select(bindparam("it", type_=String()).label("it"))
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", refuse)
        try:
            with pytest.raises(LookupError):
                direct.fetch(reading(), stmt, {"it": "x"})
        finally:
            event.remove(db.engine, "before_cursor_execute", refuse)
        with pytest.raises(UnicodeEncodeError):
            direct.fetch(reading(), stmt, {"it": "\ud800"})
        assert direct.fetch_one(reading(), stmt, {"it": "y"}).it == "y"


def test_an_insert_joins_the_transaction(app):
    insert = PlainInsert(JobRun.__table__)
    row = {"name": "a job of this test", "due_at": clocks.now()}
    held = select(JobRun.name).where(JobRun.name == row["name"])
    with app.app_context():
        insert(begin_writing(), row)
        with pytest.raises(IntegrityError):
            insert(db.session.connection(), row)
        db.session.rollback()
        assert reading().execute(held).all() == []
        insert(reading(), row)
        close_reading()
        with db.engine.connect() as connection:
            assert connection.execute(held).all() == [(row["name"],)]
            insert(connection, {**row, "name": "begun by itself"})
            assert connection.in_transaction()
            connection.rollback()


def test_few_and_many_new_rows_are_the_same(app):
    def message(key):
        due = {"next_attempt_at": clocks.now(), "created_at": clocks.now()}
        return {
            "id": uuid.uuid4(), "kind": "x", "subject_id": uuid.uuid4(), "dedupe_key": key, "details": {"a": "b"},
            "status": "sent", "attempts": 0, **due,
        }  # fmt: skip

    with app.app_context():
        connection = begin_writing()
        for count in (1, 2, 9):
            rows = [message(f"{count}-{number}") for number in range(count)]
            assert insert_new(connection, OutboxMessage.__table__, rows) == [row["id"] for row in rows]
            assert insert_new(connection, OutboxMessage.__table__, [{**row, "id": uuid.uuid4()} for row in rows]) == []
        stored = connection.execute(select(OutboxMessage.details)).scalars().all()
        assert stored == [{"a": "b"}] * 12
        db.session.rollback()


@pytest.mark.only("postgres")
def test_a_connection_that_was_cut_is_known_as_such(app):
    stmt = select(bindparam("it", type_=Integer()))
    with app.app_context():
        number = reading().scalar(text("SELECT pg_backend_pid()"))
        with db.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:number, 2000)"), {"number": number})
        with pytest.raises(DBAPIError) as found:
            direct.fetch(reading(), stmt, {"it": 1})
        assert found.value.connection_invalidated
        close_reading()
        assert direct.fetch_one(reading(), stmt, {"it": 1})[0] == 1
