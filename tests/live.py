"""Run the real server beside a test: gunicorn, its own processes, a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.legs import ROOT, Leg
from tests.servers import die_with_parent

PATIENCE = 60.0
FAREWELL = 20.0


class LiveServer:
    """Hold gunicorn on the database of a leg; it can be killed and started again on the same port."""

    def __init__(self, leg: Leg, **changes: str) -> None:
        self.leg = leg
        self.workers = 2 if leg.redis_url else 1
        self.environ = leg.environ(**changes)
        self.log = leg.folder / "gunicorn.log"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Return the address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the process id of gunicorn's master."""
        assert self._process
        return self._process.pid

    @property
    def worker_pids(self) -> list[int]:
        """Return the process ids of its workers."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def start(self) -> None:
        """Start, and return when it answers."""
        # The socket is made here and handed over, so no other process can take the port in between.
        with socket.create_server(("127.0.0.1", self.port), backlog=512) as listener, self.log.open("ab") as log:
            self.port = listener.getsockname()[1]
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "wsgi:app", "--config", "deploy/gunicorn.conf.py"),
                    *("--workers", str(self.workers), "--bind", f"fd://{listener.fileno()}", "--no-control-socket"),
                ],
                cwd=ROOT,
                env=self.environ | {"PATH": os.environ.get("PATH", os.defpath), "WEB_CONCURRENCY": str(self.workers)},
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(),),
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 -- one prctl call
            )
        end = time.monotonic() + PATIENCE
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"gunicorn did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

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
        assert self._process
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                self.kill()

    def _signal_group(self, how: signal.Signals) -> None:
        assert self._process
        try:
            os.killpg(self._process.pid, how)
        except ProcessLookupError:
            return
        finally:
            self._process.wait(FAREWELL)
