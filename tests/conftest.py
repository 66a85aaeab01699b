"""Run every test that uses a database on SQLite and on PostgreSQL with Redis, in one run."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.people import SignedIn, signed_in
from tests.legs import LEGS, ROOT, Leg, forget, wanted_legs
from tests.live import NURSERY, LiveServer
from tests.servers import Servers, Services

SERVERS = pytest.StashKey[Servers]()
SERVICES = pytest.StashKey[Services]()
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


# The servers: started once, by the process that hands out the tests


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, or take them over from the process that did."""
    if hasattr(config, "workerinput"):
        config.stash[SERVICES] = Services(**config.workerinput["services"])
    elif not (config.option.collectonly or config.option.help or config.option.version):
        servers = config.stash[SERVERS] = Servers()
        config.stash[SERVICES] = servers.start() if "postgres" in wanted_legs() else servers.services


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the servers are."""
    node.workerinput["services"] = node.config.stash[SERVICES].as_dict()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    servers = config.stash.get(SERVERS, None)
    if servers:
        servers.stop()


def pytest_collection_finish() -> None:
    """Have the collector of garbage pass over the tests and all that was imported for them, from here on."""
    gc.collect()
    gc.freeze()


def missing_legs(config: pytest.Config) -> dict[str, str]:
    """Return the legs that do not run, and why."""
    services = config.stash.get(SERVICES, None)
    if services is None:
        return {}
    left_out = {name: "left out by TEST_LEGS" for name in LEGS if name not in wanted_legs()}
    reasons = {name: LEGS[name](services, 0).obstacle() for name in wanted_legs()}
    return left_out | {name: reason for name, reason in reasons.items() if reason}


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say on what each leg runs."""
    services = config.stash.get(SERVICES, None)
    if services is None:
        return []
    import sqlite3

    runs = {
        "sqlite": f"SQLite {sqlite3.sqlite_version}, no Redis",
        "postgres": f"{services.postgres_label}, {services.redis_label}",
    }
    missing = missing_legs(config)
    return [f"leg {name}: {'NOT RUN: ' + missing[name] if name in missing else runs[name]}" for name in LEGS]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run under CI when a leg did not run."""
    if IN_CI and missing_legs(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly which leg did not run."""
    for name, reason in missing_legs(config).items():
        terminalreporter.section(f"THE {name.upper()} LEG DID NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(reason + (" (under CI this fails the run)" if IN_CI else ""), red=True)


# The legs: a test that uses `leg`, or what stands on it, runs once on each


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each leg, or on those that its `only` mark names."""
    if "leg" in metafunc.fixturenames:
        marks = list(metafunc.definition.iter_markers("only"))
        unknown = {name for mark in marks for name in mark.args} - set(LEGS)
        if unknown:
            raise pytest.UsageError(f"{metafunc.definition.nodeid}: no leg is called {', '.join(unknown)}")
        names = [name for name in wanted_legs() if all(name in mark.args for mark in marks)]
        metafunc.parametrize("leg", names, indirect=True)


@pytest.fixture(scope="session")
def _legs(pytestconfig: pytest.Config, worker_id: str) -> Iterator[dict[str, Leg]]:
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    legs = {name: LEGS[name](pytestconfig.stash[SERVICES], number) for name in wanted_legs()}
    yield legs
    NURSERY.close()
    for leg in legs.values():
        leg.close()


@pytest.fixture
def leg(request: pytest.FixtureRequest, _legs: dict[str, Leg]) -> Iterator[Leg]:
    """Give the databases of one kind; what a test wrote is gone after it."""
    chosen = _legs[request.param]
    obstacle = chosen.obstacle()
    if obstacle:
        pytest.skip(f"the {chosen.name} leg cannot run: {obstacle}")
    assert chosen.app
    yield chosen
    chosen.reset()


@pytest.fixture
def app(leg: Leg) -> Flask:
    """Give the application of this leg; it is the same object in all tests of a process."""
    return leg.app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a client that nobody has signed in."""
    return app.test_client()


@pytest.fixture
def as_role(app: Flask) -> Callable[..., SignedIn]:
    """Give clients that new users are signed in on, such as as_role("doctor").get("/patients")."""
    return lambda *roles, **fields: signed_in(app, *roles, **fields)


@pytest.fixture
def make_app(leg: Leg) -> Iterator[Callable[..., Flask]]:
    """Make further applications on the same database with other settings, such as make_app(RATE_LIMITS_FACTOR="1")."""
    made: list[Flask] = []

    def make(**changes: str) -> Flask:
        made.append(leg.new_app(**changes))
        return made[-1]

    yield make
    for app in made:
        forget(app)


@pytest.fixture
def live_server(leg: Leg) -> Iterator[LiveServer]:
    """Give gunicorn on a free port: two workers on PostgreSQL with Redis, one on SQLite."""
    server = LiveServer(leg)
    server.start()
    yield server
    server.stop()


# Time, input, programs


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stop the clock on a Monday morning; `clock.move_to(...)` and `clock.shift(...)` set it."""
    with time_machine.travel(datetime(2026, 3, 2, 8, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Give the folder of real input: POLYCLINIC_DATA, or shared/data beside the checkout."""
    folder = Path(os.environ.get("POLYCLINIC_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real input: neither POLYCLINIC_DATA nor {folder.name}/ beside the checkout")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of a headless browser."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        message = "no chromium on the PATH (Debian: apt-get install chromium)"
        pytest.fail(message) if IN_CI else pytest.skip(message)
    return program
