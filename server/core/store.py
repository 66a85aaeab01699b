"""Speak to Redis without waiting for it: short time-outs, no retries, and a pause after a failure.

Everything kept there is a copy; a caller that gets `StoreDown` asks the database instead.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

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
        self._resume_at = 0.0

    def get_many(self, names: Sequence[str]) -> list[str | None]:
        """Return the values of `names` in one round trip; during the pause after a failure raise at once."""
        if time.monotonic() < self._resume_at:
            raise StoreDown
        try:
            return cast("list[str | None]", self._redis.mget(names))
        except redis.RedisError as error:
            raise self._down(error) from None

    def put(self, name: str, value: str, *, seconds: int, only_if_absent: bool = False) -> None:
        """Keep a value for some seconds."""
        try:
            self._redis.set(name, value, ex=seconds, nx=only_if_absent)
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
