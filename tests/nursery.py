"""Import everything once and fork servers from there: most of what gunicorn does at its start is to import."""

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.servers import die_with_parent

ROOT = Path(__file__).parents[1]
# Whose endpoints are made of what other rooms register as they start: imported after them, by each server.
LATE = ("chart",)
BLOCK = 1 << 16


class Nursery:
    """Hold the process that servers are forked from; it starts with the first of them and ends with this process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def spawn(self, arguments: list[str], environ: dict[str, str], *, listener: int, log: int) -> int:
        """Run gunicorn in a process and session of its own, with this environment alone; return the process id."""
        channel = self._open()
        order = json.dumps({"arguments": arguments, "environ": environ})
        socket.send_fds(channel, [order.encode() + b"\n"], [listener, log])
        answer = b""
        while not answer.endswith(b"\n"):
            block = channel.recv(BLOCK)
            if not block:
                raise RuntimeError("The process that servers are forked from has ended.")
            answer += block
        return int(answer)

    def close(self) -> None:
        """End that process, and with it what it still has running."""
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.wait()
        self._channel = self._process = None

    def _open(self) -> socket.socket:
        if self._channel is None:
            self._channel, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.nursery", str(theirs.fileno())],
                    cwd=ROOT,
                    env={"PATH": os.environ.get("PATH", os.defpath)},
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
        return self._channel


def main() -> None:
    """Fork a server for each order until nobody is left to give one."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    import_all()
    # Who forks may have no other thread: it would be missing in the child, with the locks it held.
    assert threading.active_count() == 1
    signal.signal(signal.SIGCHLD, reap)
    here = os.getpid()
    while order := receive(channel):
        process = os.fork()
        if not process:
            channel.close()
            # Left as any program is left: what gunicorn and its workers raise at their end passes through here.
            become_server(*order, forked_from=here)
            return
        for descriptor in order[1:]:
            os.close(descriptor)
        channel.sendall(b"%d\n" % process)


def reap(*_: Any) -> None:
    """Take away whoever has ended, so that nothing is left by that process id."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def import_all() -> None:
    """Import what a server imports, but build no application: that is left to each with its own settings."""
    for name in ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "server.app"):
        import_module(name)
    for module in import_module("server.registry").MODULES:
        for name in ("", ".resources", ".cli", ".signals"):
            if name == ".resources" and module in LATE:
                continue
            if find_spec(f"server.modules.{module}{name}"):
                import_module(f"server.modules.{module}{name}")
    gc.freeze()


def receive(channel: socket.socket) -> tuple[dict[str, Any], int, int] | None:
    """Return the next order with its listener and its log, or nothing when the other side has gone."""
    text, descriptors, _, _ = socket.recv_fds(channel, BLOCK, 2)
    while text and not text.endswith(b"\n"):
        text += channel.recv(BLOCK)
    return (json.loads(text), *descriptors) if text else None


def become_server(order: dict[str, Any], listener: int, log: int, *, forked_from: int) -> None:
    """Go on as gunicorn, in the state in which a shell would have started it."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ask_for_a_signal = die_with_parent(signal.SIGTERM)
    if ask_for_a_signal:
        ask_for_a_signal()
    if os.getppid() != forked_from:
        return
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["gunicorn", *order["arguments"], "--bind", f"fd://{listener}"]
    import_module("gunicorn.app.wsgiapp").run(prog="gunicorn")


if __name__ == "__main__":
    main()
