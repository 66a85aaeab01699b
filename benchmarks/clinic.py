"""Hold one clinic for a benchmark: PostgreSQL, Redis, a seeded database, staff who are signed in, and the servers."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import make_url

from benchmarks import seed, seed_calendar
from benchmarks.servers import WORKERS, Server
from server import create_app
from server.config import load_settings
from tests.factories.people import signed_in
from tests.legs import SETTINGS, forget, migrate
from tests.servers import Servers, Services, dsn

STAFF = 16
MANY = 1_000_000


@dataclass
class Clinic:
    """One database with its people, and the settings by which every server finds it."""

    patients: int
    appointments: int
    environ: dict[str, str]
    folder: Path
    tokens: list[str]
    # What has been booked in this run: no part asks for a time that another took.
    booked: Iterator[int] = field(default_factory=itertools.count)

    @property
    def database_uri(self) -> str:
        """Where the database is."""
        return self.environ["DATABASE_URI"]

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's clock."""
        return ZoneInfo(self.environ["CLINIC_TIMEZONE"])

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection beside the servers, as the owner of the tables."""
        return psycopg.connect(dsn(self.database_uri), autocommit=True)

    @contextmanager
    def serving(self, *names: str, workers: int = WORKERS) -> Iterator[dict[str, Server]]:
        """Start servers by their names, and stop them afterwards."""
        servers = {name: Server(name, self.environ, self.folder, workers) for name in names}
        try:
            for server in servers.values():
                server.start()
            yield servers
        except Exception:
            for server in servers.values():
                print(f"{server.name}: {server.log.read_text()[-2000:] if server.log.exists() else 'no log'}")
            raise
        finally:
            for server in servers.values():
                server.stop()

    def sign_in(self) -> None:
        """Sign the staff in again: access tokens live for an hour at most."""
        app = create_app(load_settings({**self.environ, "LOG_LEVEL": "ERROR"}))
        self.tokens = [signed_in(app, "receptionist").tokens.access for _ in range(STAFF)]
        forget(app)


class Clinics:
    """Make clinics of several sizes on one PostgreSQL and one Redis."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._services, self._folder = services, folder
        self._made: dict[int, Clinic] = {}

    def of(self, patients: int) -> Clinic:
        """Return the clinic with so many patients, the largest one with as many appointments; made once."""
        if patients not in self._made:
            began = time.perf_counter()
            appointments = patients if patients >= MANY else 0
            self._made[patients] = self._make(patients, appointments)
            shown = f"{patients:,} patients and {appointments:,} appointments"
            print(f"seeded {shown} in {time.perf_counter() - began:.0f} s", flush=True)
        return self._made[patients]

    def _make(self, patients: int, appointments: int) -> Clinic:
        uri = make_url(self._services.postgres).set(database=f"{self._services.run_name}_{patients}")
        with psycopg.connect(dsn(self._services.postgres_admin), autocommit=True) as connection:
            owner = psycopg.sql.Identifier(uri.username or "")
            name = psycopg.sql.Identifier(uri.database or "")
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
        folder = self._folder / str(patients)
        folder.mkdir()
        environ = {
            **SETTINGS,
            "DATABASE_URI": uri.render_as_string(hide_password=False),
            "REDIS_URL": self._services.redis.replace("db=0", f"db={len(self._made) + 1}"),
            "INSTANCE_DIR": str(folder / "instance"),
            "MAIL_DIR": str(folder / "mail"),
            "RATE_LIMITS_FACTOR": "100000",
            "ACCESS_TOKEN_MINUTES": "60",
        }
        migrate(environ)
        clinic = Clinic(patients, appointments, environ, folder, [])
        with self._hurried(), clinic.connect() as connection:
            connection.execute("SET maintenance_work_mem = '512MB'")
            seed.fill_patients(connection, patients)
            seed_calendar.fill_calendar(connection, patients=patients, appointments=appointments, zone=clinic.zone)
            connection.execute("VACUUM ANALYZE")
        clinic.sign_in()
        return clinic

    @contextmanager
    def _hurried(self) -> Iterator[None]:
        """Let PostgreSQL wait for no disk while a clinic is filled."""
        with psycopg.connect(dsn(self._services.postgres_admin), autocommit=True) as connection:
            for change in ("fsync = off", "full_page_writes = off", "max_wal_size = '8GB'"):
                connection.execute(f"ALTER SYSTEM SET {change}")
            connection.execute("SELECT pg_reload_conf()")
            try:
                yield
            finally:
                connection.execute("ALTER SYSTEM RESET ALL")
                connection.execute("SELECT pg_reload_conf()")
                connection.execute("CHECKPOINT")


@contextmanager
def clinics() -> Iterator[Clinics]:
    """Start PostgreSQL and Redis for the clinics of one run."""
    servers = Servers(is_durable=True)
    services = servers.start()
    try:
        for kind in ("postgres", "redis"):
            if not getattr(services, kind):
                raise SystemExit(f"no {kind}: {getattr(services, f'{kind}_label')}")
        print(f"{services.postgres_label}, {services.redis_label}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            yield Clinics(services, Path(scratch))
    finally:
        servers.stop()
