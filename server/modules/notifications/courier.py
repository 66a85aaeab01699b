"""Deliver in the background of the server process: a thread that a commit wakes and that looks again each half minute.

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
    """Have due mail delivered soon by the process that is running."""
    start(state.application(), work)


def start(app: Flask, work: Callable[[], int]) -> None:
    """Start the thread unless it runs already or a separate process does its work, and ring its bell."""
    if not app.extensions["settings"].embedded_jobs:
        return
    with _lock:
        if "courier" not in app.extensions:
            thread = threading.Thread(target=_work, args=(app, work), name="courier", daemon=True)
            app.extensions["courier"] = thread
            thread.start()
    _bell.set()


def _work(app: Flask, work: Callable[[], int]) -> None:
    while True:
        try:
            with app.app_context():
                work()
        except Exception:  # the thread must outlive any one failure; the message stays due
            log.exception("courier_failed")
        _bell.wait(LOOK_AGAIN_SECONDS)
        _bell.clear()
