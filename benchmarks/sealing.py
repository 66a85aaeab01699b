"""Measure what sealing costs those who write the audit log at the same time, as a ratio, on both databases.

`python -m benchmarks.sealing [SECONDS] [ROUNDS]`: threads make the cheapest recorded request, in rounds with and
without a sealer beside them in turn. The sealer is a process of its own that seals every five seconds (`SEAL_PAUSE`),
where the job does so once a minute. PostgreSQL is the one that the tests start, which waits for no disk; SQLite waits
at each commit. Run it on a machine that does nothing else: beside other work the medians differ by a quarter.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from flask import Flask

from benchmarks.imports import _environ, databases
from server import create_app
from server.config import load_settings
from tests.factories.people import SignedIn, signed_in
from tests.legs import ROOT
from tests.servers import Servers

THREADS = 4
GOAL = 0.90

_SEAL = """
import sys, time
from server import create_app
from server.modules.audit.service.sealing import seal_due
app = create_app()
pause = float(sys.argv[1])
while True:
    with app.app_context():
        seal_due()
    time.sleep(pause)
"""


def main() -> int:
    """Print one line for each database; return 1 where sealing costs more than a tenth."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    servers = Servers()
    services = servers.start()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            found = databases(services, Path(scratch))
            ratios = [measure(name, _environ(uri, Path(scratch) / name), seconds, rounds) for name, uri in found]
    finally:
        servers.stop()
    return 0 if all(ratio >= GOAL for ratio in ratios) else 1


def measure(name: str, environ: dict[str, str], seconds: float, rounds: int) -> float:
    """Print the medians with and without, and return their ratio."""
    app = create_app(load_settings({**environ, "LOG_LEVEL": "WARNING"}))
    someone = signed_in(app, "admin")
    rates: dict[str, list[float]] = {"off": [], "on": []}
    for number in range(rounds):
        for state in ("off", "on") if number % 2 else ("on", "off"):
            sealer = start_sealer(environ) if state == "on" else None
            try:
                rates[state].append(write(app, someone, seconds))
            finally:
                if sealer is not None:
                    sealer.send_signal(signal.SIGTERM)
                    sealer.wait()
    off, on = statistics.median(rates["off"]), statistics.median(rates["on"])
    print(f"{name:9} requests/s without {off:7.0f}, with {on:7.0f}, ratio {on / off:.2f}", flush=True)
    return on / off


def start_sealer(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a process that seals, and let it come up."""
    pause = os.environ.get("SEAL_PAUSE", "5")
    process = subprocess.Popen([sys.executable, "-c", _SEAL, pause], cwd=ROOT, env=environ)
    time.sleep(3)
    return process


def write(app: Flask, someone: SignedIn, seconds: float) -> float:
    """Make requests from all threads for a while and return how many a second."""
    counts = [0] * THREADS
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        client = app.test_client()
        while time.monotonic() < until:
            answer = client.get("/api/v1/auth/me", headers=someone.tokens.headers)
            counts[number] += answer.status_code == 200

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


if __name__ == "__main__":
    sys.exit(main())
