"""Run the real server beside a test: gunicorn, its own processes, a port of its own."""

import os
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.legs import Leg
from tests.nursery import Nursery

PATIENCE = 60.0
FAREWELL = 20.0
NURSERY = Nursery()


class LiveServer:
    """Hold gunicorn on the database of a leg; it can be killed and started again on the same port."""

    def __init__(self, leg: Leg, *, application: str = "wsgi:app", **changes: str) -> None:
        self.application = application
        self.leg = leg
        self.workers = 2 if leg.redis_url else 1
        self.environ = leg.environ(**changes)
        self.log = leg.folder / "gunicorn.log"
        self.port = 0
        self._pid = 0

    @property
    def base_url(self) -> str:
        """Return the address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the process id of gunicorn's master."""
        assert self._pid
        return self._pid

    @property
    def worker_pids(self) -> list[int]:
        """Return the process ids of its workers."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def start(self) -> None:
        """Start, and return when it answers."""
        # The socket is made here and handed over, so no other process can take the port in between.
        with socket.create_server(("127.0.0.1", self.port), backlog=512) as listener, self.log.open("ab") as log:
            self.port = listener.getsockname()[1]
            self._pid = NURSERY.spawn(
                [
                    *(self.application, "--config", "deploy/gunicorn.conf.py"),
                    *("--workers", str(self.workers), "--no-control-socket"),
                ],
                self.environ | {"PATH": os.environ.get("PATH", os.defpath), "WEB_CONCURRENCY": str(self.workers)},
                listener=listener.fileno(),
                log=log.fileno(),
            )
        end = time.monotonic() + PATIENCE
        while not self.answers():
            if not self.is_running or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"gunicorn did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.01)

    @property
    def is_running(self) -> bool:
        """Tell whether its master is there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def answers(self) -> bool:
        """Tell whether it is alive."""
        try:
            with urllib.request.urlopen(f"{self.base_url}/health/live", timeout=2) as answer:  # noqa: S310 -- http
                return bool(answer.status == 200)
        except OSError:
            return False

    def reload(self) -> None:
        """Have gunicorn exchange its workers for new ones, which read settings and keys again (SIGHUP)."""
        os.kill(self.pid, signal.SIGHUP)

    def kill(self) -> None:
        """End master and workers at once, without a chance to finish anything (kill -9)."""
        self._signal_group(signal.SIGKILL)
        self.leg.settle()

    def stop(self) -> None:
        """Let it finish its requests and end."""
        try:
            os.kill(self.pid, signal.SIGTERM)
            self._wait()
        except ProcessLookupError:
            return
        except TimeoutError:
            self.kill()

    def _signal_group(self, how: signal.Signals) -> None:
        try:
            os.killpg(self.pid, how)
        except ProcessLookupError:
            return
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + FAREWELL
        while self.is_running:
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.005)
