"""Commit once: the change and its audit row together, then what may only happen once both are safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from flask import g
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from server.core import trail as trails
from server.core.db import SQLITE_BEGIN, begin_writing, close_reading, db
from server.core.here import things

log = structlog.get_logger(__name__)

_AFTER_COMMIT = "after_commit_work"


class UnitOfWork:
    """One writing transaction and the status that its audit row will carry."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.status = 200


@contextmanager
def unit_of_work() -> Iterator[UnitOfWork]:
    """Run the block in one transaction; at its end write the trail's audit row and commit, or roll all back."""
    unit = UnitOfWork(begin_writing())
    trail = trails.current()
    work: list[Callable[[], None]] = []
    db.session.info[_AFTER_COMMIT] = work
    try:
        yield unit
        db.session.flush()
        trails.record(unit.connection, trail, unit.status)
        try:
            db.session.commit()
        except BaseException:
            trail.written = False
            raise
    except BaseException:
        db.session.rollback()
        raise
    finally:
        things().pop("writing", None)
        db.session.info.pop(_AFTER_COMMIT, None)
        db.session.remove()
    _run(work)


def was_in_the_way(error: DBAPIError) -> bool:
    """Whether the database ended a transaction only because of another one: a deadlock, or no serial order."""
    return getattr(error.orig, "sqlstate", None) in {"40P01", "40001"}


@contextmanager
def command(action: str, object_type: str = "") -> Iterator[UnitOfWork]:
    """Run the block as a unit of work of a command or job, with an audit row of its own."""
    outer = g.pop("trail", None)
    g.trail = trails.Trail(method="COMMAND", route=action, action=action, object_type=object_type)
    try:
        with unit_of_work() as unit:
            yield unit
    finally:
        g.pop("trail", None)
        if outer is not None:
            g.trail = outer


@contextmanager
def unrecorded() -> Iterator[Connection]:
    """Run the block in a transaction of its own without an audit row: for work on the audit log itself."""
    close_reading()
    with db.engine.connect() as opened:
        connection = opened.execution_options(**{SQLITE_BEGIN: "IMMEDIATE"})
        with connection.begin():
            yield connection


def after_commit(work: Callable[[], None]) -> None:
    """Have `work` done once the running unit of work is committed; its failure is logged, never answered."""
    db.session.info[_AFTER_COMMIT].append(work)


def _run(work: list[Callable[[], None]]) -> None:
    for step in work:
        try:
            step()
        except Exception:
            log.exception("after_commit_failed")
