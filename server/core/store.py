"""Speak to Redis without waiting for it: short time-outs, no retries, and a pause after a failure.

Everything kept there is a copy; a caller that gets `StoreDown` asks the database instead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import redis
import structlog
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from server.core.line import Line

log = structlog.get_logger(__name__)

_PAUSE = 2.0


class StoreDown(Exception):
    """Redis did not answer, or did not a moment ago."""


class Store:
    """The fast copy of what the database knows."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=0.2,
            socket_connect_timeout=0.2,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._line = Line(self._redis.connection_pool)
        self._scripts: dict[str, Script] = {}
        self._resume_at = 0.0
        self._owed: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def get_many(self, names: Sequence[str]) -> list[str | None]:
        """Return the values of `names` in one round trip; during the pause after a failure raise at once."""
        self._pay()
        return cast("list[str | None]", self._ask(lambda: self._redis.mget(names)))

    def run(self, script: str, names: Sequence[str], arguments: Sequence[str | int]) -> Any:
        """Run a script on some names in one round trip; during the pause after a failure raise at once."""
        self._pay()
        known = self._scripts.get(script) or self._scripts.setdefault(script, self._redis.register_script(script))
        return self._ask(lambda: self._run(known, names, arguments))

    def _run(self, script: Script, names: Sequence[str], arguments: Sequence[str | int]) -> Any:
        try:
            return self._line.ask(("EVALSHA", script.sha, len(names), *names, *arguments))
        except redis.exceptions.NoScriptError:
            return script(names, arguments)  # which loads it

    def put(self, name: str, value: str, *, seconds: int) -> None:
        """Keep a copy for some seconds, unless something stands there."""
        self._ask(lambda: self._redis.set(name, value, ex=seconds, nx=True))

    def mark(self, names: Sequence[str], value: str, *, seconds: int) -> None:
        """Put marks in place of what stands; those that Redis misses now are put before it is next asked."""
        until = time.monotonic() + seconds
        with self._lock:
            self._owed.update(dict.fromkeys(names, (value, until)))
        self._pay()

    def _pay(self) -> None:
        """Put the marks that are owed, in one round trip."""
        if not self._owed:
            return
        with self._lock:
            owed = dict(self._owed)
        pipeline = self._redis.pipeline(transaction=False)
        for name, (value, until) in owed.items():
            if (left := round(until - time.monotonic())) > 0:
                pipeline.set(name, value, ex=left)
        self._ask(pipeline.execute)
        with self._lock:
            for name, mark in owed.items():
                if self._owed.get(name) == mark:
                    del self._owed[name]

    def _ask(self, question: Callable[[], Any]) -> Any:
        if time.monotonic() < self._resume_at:
            raise StoreDown
        try:
            return question()
        except redis.RedisError as error:
            raise self._down(error) from None

    def is_up(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def _down(self, error: redis.RedisError) -> StoreDown:
        if time.monotonic() >= self._resume_at:
            log.warning("redis_down", error=type(error).__name__)
        self._resume_at = time.monotonic() + _PAUSE
        return StoreDown()
