"""Pass the word that work is due from one process to another: huey, on SQLite or on Redis.

The database knows what is due and when; a word that is lost costs some seconds, after which who listens looks unasked.
So nothing here may raise into its caller: while the queue is away, its workers go by the database alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import structlog
from flask import Flask
from huey import RedisHuey, SqliteHuey
from huey.api import Huey, crontab
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from server.core.attempts import attempt

log = structlog.get_logger(__name__)

NAME = "polyclinic"
_AWAY = 5.0  # seconds between two looks while the queue is away
_UNASKED = 10.0  # seconds of silence after which who listens does the quick work all the same
_APART = 0.05  # seconds between two rings: who commits in between is told of by one
_PATIENCE = 2.0  # seconds that a bell waits to be rung again

logging.getLogger("huey").setLevel(logging.WARNING)


class JsonSerializer(Serializer):
    """Write a message as JSON: what somebody puts into the queue is never unpickled, so it runs nothing of theirs."""

    def _serialize(self, data: Message) -> bytes:
        return orjson.dumps(tuple(data))

    def _deserialize(self, data: bytes) -> Message:
        return Message(*orjson.loads(data))


class Tolerant(Huey):
    """A queue that may be away: a word that cannot be passed is dropped, and who listens does what is due unasked."""

    on_absence: Callable[[], None]
    on_silence: Callable[[], None]
    _heard_at: float = 0.0

    def dequeue(self) -> Any:
        """Return the next task, or None; after a silence the quick work is done, for a word may have been lost."""
        try:
            task = super().dequeue()
            if task is not None or time.monotonic() - self._heard_at > _UNASKED:
                self._heard_at = time.monotonic()
                if task is None:
                    self.on_silence()
            return task
        except Exception as error:  # noqa: BLE001 - a queue that is full, gone or garbled: work goes on by the database
            self._is_away(error)
            self.on_absence()
            time.sleep(_AWAY)
            return None

    def enqueue(self, task: Any) -> None:
        """Put a task into the queue, if it is there; while one of its name waits, another would say nothing new."""
        try:
            if not self._waits(task):
                super().enqueue(task)
        except Exception as error:  # noqa: BLE001 - as above
            self._is_away(error)

    def read_schedule(self, timestamp: datetime | None = None) -> list[Any]:
        """Return nothing: no task is ever put off here."""
        return []

    def _waits(self, task: Any) -> bool:
        # Of its own name: who takes another word does other work.
        name = orjson.dumps(self._registry.task_to_string(type(task)))
        return any(name in word for word in self.storage.enqueued_items())

    @staticmethod
    def _is_away(error: Exception) -> None:
        log.warning("queue_away", error=type(error).__name__)


class SqliteQueue(Tolerant, SqliteHuey):
    """The queue of one machine."""


class RedisQueue(Tolerant, RedisHuey):
    """The queue of several machines."""


class EmbeddedConsumer(Consumer):
    """A consumer in a thread of the server, whose signals are the server's own."""

    def _set_signal_handlers(self) -> None:
        """Leave the signals alone."""


def file_of(app: Flask) -> Path:
    """Return the file of the queue of one machine."""
    path: Path = app.extensions["settings"].instance_path / "jobs.db"
    return path


def open_queue(app: Flask) -> Tolerant:
    """Return a new connection to the queue."""
    options = {"name": NAME, "results": False, "serializer": JsonSerializer()}
    url = app.extensions["settings"].redis_url
    if not url:
        return SqliteQueue(filename=str(file_of(app)), fsync=False, **options)
    pool = ConnectionPool.from_url(url, socket_timeout=5, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    return RedisQueue(connection_pool=pool, **options)


def close_queue(queue: Tolerant) -> None:
    """Close a connection to the queue."""
    if isinstance(queue, RedisQueue):
        queue.storage.pool.disconnect()
    else:
        queue.storage.close()


def every_minute(queue: Tolerant, name: str, work: Callable[[], None]) -> None:
    """Have `work` done each minute by whoever listens."""

    def tick() -> None:
        work()

    queue.periodic_task(crontab(), name=name)(tick)


def when_rung(queue: Tolerant, work: Callable[[], None]) -> Callable[[], None]:
    """Have `work` done by whoever listens when the returned bell is rung."""

    def rung() -> None:
        work()

    task = queue.task(name="rung")(rung)

    def ring() -> None:
        task()

    return ring


class Bell:
    """Ring who listens, from a thread that lives, with its connection, as long as there is often something to tell."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._rung = threading.Event()
        self._is_answered = False
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Have the bell rung soon; who rings while it has yet to sound has nothing to add."""
        self._rung.set()
        with self._lock:
            if self._is_answered:
                return
            self._is_answered = True
        threading.Thread(target=self._live, name="ring", daemon=True).start()

    def _live(self) -> None:
        _, error = attempt(self._answer)
        if error is not None:
            with self._lock:
                self._is_answered = False

    def _answer(self) -> None:
        opened = open_queue(self._app)
        ring = when_rung(opened, lambda: None)
        try:
            while self._is_wanted():
                # First, so that who commits from here on rings again.
                self._rung.clear()
                attempt(ring)
                time.sleep(_APART)
        finally:
            close_queue(opened)

    def _is_wanted(self) -> bool:
        """Wait until somebody rings; False, and the thread ends, when nobody does."""
        if self._rung.wait(_PATIENCE):
            return True
        with self._lock:
            self._is_answered = self._rung.is_set()
            return self._is_answered
