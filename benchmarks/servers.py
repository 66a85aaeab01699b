"""Start the servers that are compared, each with as many workers, and read what they cost from /proc."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.legs import ROOT
from tests.servers import die_with_parent

PATIENCE = 30.0
WORKERS = 2
THREADS = 8

_GUNICORN = ["-m", "gunicorn", "--worker-class", "gthread", "--threads", str(THREADS), "--no-control-socket"]
_OURS = [*_GUNICORN, "--config", "deploy/gunicorn.conf.py"]
_FLOOR = [*_GUNICORN, "--keep-alive", "5", "--worker-tmp-dir", "/dev/shm"]  # noqa: S108 -- as ours
# Who serves, below which path it tells that it lives, and how it is started; {port} and {workers} are filled in.
COMMANDS: Mapping[str, tuple[str, list[str]]] = {
    "ours": ("/health/live", [*_OURS, "--workers", "{workers}", "--bind", "127.0.0.1:{port}", "wsgi:app"]),
    "unaudited": (
        "/health/live",
        [*_OURS, "--workers", "{workers}", "--bind", "127.0.0.1:{port}", "benchmarks.unaudited:app"],
    ),
    "floor": ("/alive", [*_FLOOR, "--workers", "{workers}", "--bind", "127.0.0.1:{port}", "benchmarks.floor:app"]),
    "peer": (
        "/alive",
        ["-m", "uvicorn", "--workers", "{workers}", "--port", "{port}", "benchmarks.peer_fastapi.app:app"],
    ),
}


@dataclass
class Server:
    """One of the servers: its processes and its port."""

    name: str
    environ: Mapping[str, str]
    folder: Path
    workers: int = WORKERS
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    def start(self) -> Server:
        """Start it and return when it answers."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        alive, command = COMMANDS[self.name]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *(part.format(port=self.port, workers=self.workers) for part in command)],
                cwd=ROOT,
                env={**self.environ, "PATH": os.environ.get("PATH", os.defpath), "WEB_CONCURRENCY": str(self.workers)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- one prctl call
            )
        end = time.monotonic() + PATIENCE
        while not self._answers(alive):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Let it finish and end."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def processes(self) -> list[int]:
        """Return the ids of its processes, the first one included."""
        if self._process is None:
            raise RuntimeError("not started")
        found = [self._process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        return found

    def cpu_seconds(self) -> float:
        """Return for how long the scheduler has run its threads."""
        total = 0
        for pid in self.processes():
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(path.read_text().split()[0])
        return total / 1e9

    def worker_memory(self) -> list[int]:
        """Return the memory of each worker in bytes, shared pages divided among those who share them (PSS)."""
        found = []
        for pid in self.processes()[1:]:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            found.append(next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")))
        return found

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
