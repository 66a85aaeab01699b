"""Work in the background of the server process: a thread that a commit wakes and that looks again each half minute.

Used in the embedded mode; with `EMBEDDED_JOBS=false` a separate `flask jobs run` does the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from flask import Flask

from server.core import state

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 30.0

_bell = threading.Event()
_lock = threading.Lock()


def wake(work: Callable[[], int]) -> None:
    """Have `work` done soon by the process that is running."""
    start(state.application(), work)


def start(app: Flask, work: Callable[[], int]) -> None:
    """Start the thread unless it runs already or a separate process does its work, and ring its bell."""
    if not app.extensions["settings"].embedded_jobs:
        return
    with _lock:
        if "background" not in app.extensions:
            thread = threading.Thread(target=_work, args=(app, work), name="background", daemon=True)
            app.extensions["background"] = thread
            thread.start()
    _bell.set()


def _work(app: Flask, work: Callable[[], int]) -> None:
    while True:
        try:
            with app.app_context():
                work()
        except Exception:
            # The thread must outlive any one failure; what it was to do stays due.
            log.exception("background_work_failed")
        _bell.wait(LOOK_AGAIN_SECONDS)
        _bell.clear()
