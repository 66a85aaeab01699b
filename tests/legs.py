"""Give each test a migrated, clean database of each kind: SQLite alone, and PostgreSQL with Redis."""

import contextlib
import fcntl
import gc
import os
import shutil
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
import redis
from flask import Flask
from psycopg import sql
from sqlalchemy import URL, make_url

from server import create_app
from server.config import load_settings
from server.core.db import db
from tests.servers import PATIENCE, Services, dsn

ROOT = Path(__file__).parents[1]
MIGRATIONS = ROOT / "migrations"

SETTINGS = {
    "APP_ENV": "testing",
    "JWT_SECRET_KEY": "test-secret-that-is-long-enough-for-hs256",
    # One for all processes of a test; one made in INSTANCE_DIR would go with that folder, from test to test.
    "SECRETS_KEY": "test-key-that-closes-what-is-read-again",
    "BCRYPT_ROUNDS": "4",
    "FRONTEND_URL": "http://localhost:3000",
    "CLINIC_TIMEZONE": "Europe/Berlin",
    "CLINIC_COUNTRY": "US",
    "CLINIC_CURRENCY": "USD",
    # Looser, never off: a test of the limits sets it back to 1.
    "RATE_LIMITS_FACTOR": "1000",
    "METRICS_TOKEN": "test-metrics-token",
    # No thread may deliver mail beside a test; a test calls deliver_due() itself.
    "EMBEDDED_JOBS": "false",
}


# What PostgreSQL calls the connections of other processes than that of the tests.
OTHERS = "beside the tests"


class Leg:
    """Own the databases of one kind that one test process uses."""

    name = ""
    redis_url = ""

    def __init__(self, services: Services, worker: int) -> None:
        self.services = services
        self.worker = worker
        self.folder = Path(services.quick) / f"{self.name}-{worker}"
        self._app: Flask | None = None
        self._count = 0

    def obstacle(self) -> str:
        """Say why this leg cannot run; nothing when it can."""
        return ""

    @property
    def app(self) -> Flask:
        """Return the application of this leg, on its migrated database."""
        if self._app is None:
            self.folder.mkdir(exist_ok=True)
            self._prepare()
            # Captured request lines cost more than the requests; the live server keeps them.
            self._app = create_app(load_settings(self.environ(LOG_LEVEL="WARNING")))
        return self._app

    def environ(self, **changes: str) -> dict[str, str]:
        """Return the settings of this leg as an environment, with changes."""
        own = {
            "DATABASE_URI": self.database_uri,
            "REDIS_URL": self.redis_url,
            "INSTANCE_DIR": str(self.folder / "instance"),
            "MAIL_DIR": str(self.folder / "mail"),
            "PGAPPNAME": OTHERS,
        }
        return {key: value for key, value in {**SETTINGS, **own, **changes}.items() if value}

    def new_app(self, **changes: str) -> Flask:
        """Return another application, with other settings; `forget` it afterwards."""
        return create_app(load_settings(self.environ(**changes)))

    def reset(self) -> None:
        """Put the database, Redis, the mail folder and the counts of the limiter back as they were."""
        release(self.app)
        self._clean()
        for name in ("instance", "mail"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        if not self.redis_url:
            self.app.extensions["rate_limiter"].reset()

    def settle(self) -> None:
        """Return when nothing is written any more on behalf of other processes, which were killed."""

    def close(self) -> None:
        """Close what is open."""
        if self._app is not None:
            forget(self._app)

    def empty_database(self) -> str:
        """Make a database without any table and return its URI."""
        raise NotImplementedError

    @property
    def database_uri(self) -> str:
        """Return the URI of this process's database."""
        raise NotImplementedError

    def _prepare(self) -> None:
        raise NotImplementedError

    def _clean(self) -> None:
        raise NotImplementedError

    def _next(self) -> int:
        self._count += 1
        return self._count

    @contextlib.contextmanager
    def _template(self) -> Iterator[bool]:
        """Hold the lock of the template; yield whether it is yet to be made. What failed once is not tried again."""
        marker = Path(self.services.folder) / f"{self.name}.template"
        with marker.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = marker.read_text() if marker.exists() else None
            if done:
                pytest.fail(f"The migrations failed on {self.name}: {done.strip().splitlines()[-1]}", pytrace=False)
            try:
                yield done is None
            except BaseException:  # Flask-Migrate answers an error of Alembic with SystemExit
                marker.write_text(traceback.format_exc())
                raise
            marker.write_text("")


class SqliteLeg(Leg):
    """SQLite in a file, without Redis: the set-up of one machine."""

    name = "sqlite"

    @property
    def database_uri(self) -> str:
        return f"sqlite:///{self._file}"

    def empty_database(self) -> str:
        return f"sqlite:///{self.folder / f'empty-{self._next()}.db'}"

    @property
    def _file(self) -> Path:
        return self.folder / "clinic.db"

    @property
    def _template_file(self) -> Path:
        return Path(self.services.quick) / "template.db"

    def _prepare(self) -> None:
        with self._template() as missing:
            if missing:
                migrate(self.environ(DATABASE_URI=f"sqlite:///{self._template_file}"))
        self._clean()

    def _clean(self) -> None:
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        # A new file, not new bytes in the old one: a connection that was left open must not see it.
        fresh = self._file.with_suffix(".new")
        shutil.copyfile(self._template_file, fresh)
        fresh.replace(self._file)


class PostgresLeg(Leg):
    """PostgreSQL with Redis: the set-up of production."""

    name = "postgres"

    def __init__(self, services: Services, worker: int) -> None:
        super().__init__(services, worker)
        self.redis_url = numbered(services.redis, worker) if services.redis else ""
        self._admin: psycopg.Connection[Any] | None = None
        # What the migrations themselves have put in: rows as COPY writes them, and the sequences.
        self._seeds: dict[str, bytes] = {}
        self._sequences: list[tuple[str, int | None]] = []

    def obstacle(self) -> str:
        missing = [
            label
            for url, label in (
                (self.services.postgres, self.services.postgres_label),
                (self.services.redis, self.services.redis_label),
            )
            if not url
        ]
        return "; ".join(missing)

    @property
    def database_uri(self) -> str:
        return self._url(str(self.worker)).render_as_string(hide_password=False)

    def empty_database(self) -> str:
        name = f"{self.worker}_empty_{self._next()}"
        self._create(name)
        return self._url(name).render_as_string(hide_password=False)

    def settle(self) -> None:
        assert self._admin
        # What a process asked for last is finished, and committed, before it is seen that nobody is there any more.
        theirs = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
        end = time.monotonic() + PATIENCE
        while self._admin.execute(theirs, [OTHERS]).fetchone():
            assert time.monotonic() < end, "a process that was to be killed is alive"
            time.sleep(0.01)

    def close(self) -> None:
        super().close()
        if self._admin:
            self._admin.close()

    def _url(self, name: str) -> URL:
        return make_url(self.services.postgres).set(database=f"{self.services.run_name}_{name}")

    def _create(self, name: str, template: str | None = None) -> None:
        parts = [sql.SQL("CREATE DATABASE {} OWNER {}").format(*map(sql.Identifier, (self._name(name), self._owner)))]
        if template:
            parts.append(sql.SQL("TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(self._name(template))))
        with psycopg.connect(dsn(self.services.postgres_admin), autocommit=True) as connection:
            connection.execute(sql.SQL(" ").join(parts))

    def _name(self, name: str) -> str:
        return self._url(name).database or ""

    @property
    def _owner(self) -> str:
        return make_url(self.services.postgres).username or ""

    def _prepare(self) -> None:
        with self._template() as missing:
            if missing:
                self._create("template")
                migrate(
                    self.environ(DATABASE_URI=self._url("template").render_as_string(hide_password=False)),
                )
            self._create(str(self.worker), template="template")
        self._admin = psycopg.connect(dsn(self.services.postgres_admin, self._name(str(self.worker))), autocommit=True)
        # With this role of replication no trigger fires, those of foreign keys and of the audit log included.
        self._admin.execute("SET session_replication_role = replica")
        self._admin.execute("SET lock_timeout = '3s'")
        for table in self._tables():
            with self._admin.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                rows = b"".join(bytes(block) for block in copy)
            if rows:
                self._seeds[table] = rows
        found = self._admin.execute("SELECT quote_ident(sequencename), last_value FROM pg_sequences").fetchall()
        self._sequences = [(name, last) for name, last in found]
        self._flush_redis()

    def _tables(self) -> list[str]:
        assert self._admin
        rows = self._admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relname <> 'alembic_version'"
        )
        return [name for (name,) in rows.fetchall()]

    def _clean(self) -> None:
        self._flush_redis()
        assert self._admin
        try:
            self._restore(self._admin)
        except psycopg.errors.LockNotAvailable:
            self._admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            self._restore(self._admin)
            pytest.fail("The test left a transaction open on PostgreSQL.", pytrace=False)

    def _restore(self, connection: psycopg.Connection[Any]) -> None:
        with connection.transaction():
            connection.execute(EMPTY_TABLES)
            for table, rows in self._seeds.items():
                with connection.cursor().copy(f'COPY "{table}" FROM STDIN') as copy:
                    copy.write(rows)
            for name, last in self._sequences:
                connection.execute(
                    "SELECT setval(%s::regclass, coalesce(%s, seqstart), %s) FROM pg_sequence"
                    " WHERE seqrelid = %s::regclass",
                    [name, last, last is not None, name],
                )

    def _flush_redis(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushdb()


# Deleting few rows is far quicker than TRUNCATE, which makes new files; but dead rows pile up, so not for ever.
EMPTY_TABLES = """
DO $$
DECLARE t regclass;
BEGIN
    FOR t IN SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
        AND pg_relation_size(oid) > 0
    LOOP
        IF pg_relation_size(t) > 262144 THEN
            EXECUTE format('TRUNCATE %s CASCADE', t);
        ELSE
            EXECUTE format('DELETE FROM %s', t);
        END IF;
    END LOOP;
END $$
"""

LEGS: dict[str, type[Leg]] = {leg.name: leg for leg in (SqliteLeg, PostgresLeg)}


def wanted_legs() -> list[str]:
    """Return the legs of this run: all, or those that TEST_LEGS names."""
    asked = os.environ.get("TEST_LEGS", "").replace(",", " ").split()
    return [name for name in LEGS if not asked or name in asked]


def numbered(url: str, number: int) -> str:
    """Return the URL of another numbered database of the same Redis."""
    target = make_url(url)
    if "db" in target.query or target.drivername == "unix":
        return f"{url.partition('?')[0]}?db={number}"
    first = int(target.database or 0)
    return target.set(database=str(first + number)).render_as_string(hide_password=False)


def migrate(environ: dict[str, str], revision: str = "head") -> None:
    """Bring the database of these settings up to a revision."""
    app = create_app(load_settings(environ))
    try:
        with app.app_context():
            flask_migrate.upgrade(directory=str(MIGRATIONS), revision=revision)
            if db.engine.dialect.name == "sqlite":
                # What is copied is the file alone, so nothing may be left in the log beside it.
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        forget(app)


def release(app: Flask) -> None:
    """Give back what a test left behind in the session, and close SQLite's connections: its file is exchanged."""
    with app.app_context():
        db.session.remove()
        if db.engine.dialect.name == "sqlite":
            db.engine.dispose()


def forget(app: Flask) -> None:
    """Close the connections of an application that is not used any more."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
    gc.collect()
