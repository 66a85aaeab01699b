"""Measure whether the time of an answer tells who has an account: `python -m benchmarks.alike [--tries 600]`.

Real bcrypt of cost 12, limits out of the way, one request at a time. The kinds of accounts take turns in an order that
changes by chance each round, each try at an account of its own; their medians must lie within 10 % of each other. The
time of the processor alone is printed beside it: on a busy machine it shows whether a difference is ours.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import insert

from benchmarks.imports import databases
from server import create_app
from server.config import load_settings
from server.core.db import db
from server.core.uow import command
from server.modules.auth import passwords
from server.modules.auth.models import Credential
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from tests.legs import SETTINGS
from tests.servers import Servers

KINDS = ("unknown", "known", "locked", "unverified", "deactivated")
MOST_APART = 0.10
LIMITS = {
    "BCRYPT_ROUNDS": "12",
    "RATE_LIMITS_FACTOR": "100000",
    "SIGN_IN_TRIES_PER_ACCOUNT": "1000000",
    "SIGN_IN_TRIES_PER_ADDRESS": "1000000",
    "SIGN_IN_LOCK_AFTER": "1000000",
    "LOG_LEVEL": "ERROR",
}
WRONG = "not the password 1"


def login(email: str) -> tuple[str, dict[str, Any]]:
    """Return a sign-in by a wrong password."""
    return "login", {"identifier": email, "password": WRONG}


def forgot(email: str) -> tuple[str, dict[str, Any]]:
    """Return a forgotten password."""
    return "forgot-password", {"email": email}


def resend(email: str) -> tuple[str, dict[str, Any]]:
    """Return the wish for another mail."""
    return "resend-verification", {"email": email}


def register(email: str) -> tuple[str, dict[str, Any]]:
    """Return a registration."""
    names = {"first_name": "Una", "last_name": "Alike", "date_of_birth": "1990-05-05"}
    return "register", {"email": email, "password": "seven green kettles", **names}


ASKS: dict[str, Callable[[str], tuple[str, dict[str, Any]]]] = {
    "login": login,
    "forgot": forgot,
    "resend": resend,
    "register": register,
}


def main() -> int:
    """Print the medians of each endpoint on each database; return 1 where they are too far apart."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tries", type=int, default=600)
    parser.add_argument("--on", choices=["sqlite", "postgres"], help="measure on one database")
    parser.add_argument("--ask", choices=list(ASKS), action="append", help="measure one endpoint; may be repeated")
    chosen = parser.parse_args()
    servers = Servers()
    services = servers.start()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            is_alike = [
                measure(app, name, ask, chosen.tries // len(KINDS))
                for name, uri in databases(services, Path(scratch))
                if chosen.on in (None, name)
                for app in [_app(uri, Path(scratch) / name)]
                for ask in chosen.ask or ASKS
            ]
    finally:
        servers.stop()
    return 0 if all(is_alike) else 1


def _app(uri: str, instance: Path) -> Flask:
    environ = {**SETTINGS, **LIMITS, "DATABASE_URI": uri, "INSTANCE_DIR": str(instance)}
    return create_app(load_settings(environ))


def measure(app: Flask, database: str, ask: str, rounds: int) -> bool:
    """Print the median of each kind; return whether the furthest are within the limit of the nearest."""
    emails = {kind: list(_accounts(app, kind, ask, rounds + 1)) for kind in KINDS}
    client, chance = app.test_client(), random.Random(7)
    walls: dict[str, list[float]] = {kind: [] for kind in KINDS}
    works: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(rounds + 1):
        for kind in chance.sample(KINDS, len(KINDS)):
            path, body = ASKS[ask](emails[kind][number])
            wall, work = time.perf_counter(), time.thread_time()
            client.post(f"/api/v1/auth/{path}", json=body)
            walls[kind].append(time.perf_counter() - wall)
            works[kind].append(time.thread_time() - work)
    apart = _show(f"{database:9} {ask:9} time     ", walls)
    _show(f"{database:9} {ask:9} processor", works)
    return apart <= MOST_APART


def _show(title: str, taken: dict[str, list[float]]) -> float:
    """Print the medians in milliseconds and return how far apart they are; the first round has warmed up."""
    medians = {kind: median(times[1:]) * 1000 for kind, times in taken.items()}
    apart = max(medians.values()) / min(medians.values()) - 1
    shown = "  ".join(f"{kind} {time:.1f}" for kind, time in medians.items())
    print(f"{title} {shown}  apart {apart:.1%}{'' if apart <= MOST_APART else '  TOO FAR'}", flush=True)
    return apart


def _accounts(app: Flask, kind: str, ask: str, count: int) -> Iterator[str]:
    """Make accounts of one kind, which share a hash, and yield their addresses; those of nobody are only named."""
    with app.app_context(), command("benchmarks.alike", "user"):
        hashed = passwords.hash_password("a password of no importance")
        for number in range(count):
            email = f"{kind}{number}.{ask}@example.com"
            if kind != "unknown":
                _make(email, kind, hashed)
            yield email


def _make(email: str, kind: str, hashed: str) -> None:
    user = users.create(email=email, first_name="Una", last_name="Alike", roles=["patient"])
    user.status = UserStatus(kind) if kind in tuple(UserStatus) else UserStatus.ACTIVE
    user.email_verified_at = None if kind == "unverified" else datetime(2026, 1, 1, tzinfo=UTC)
    db.session.flush()
    db.session.execute(insert(Credential).values(user_id=user.id, password_hash=hashed))


if __name__ == "__main__":
    raise SystemExit(main())
