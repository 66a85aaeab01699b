"""Limit how often one caller may ask: rate classes, declared per method, counted by Flask-Limiter.

Counts live in Redis; without it, or while it is down, in this process's memory (then each worker counts alone).
Where the question who calls goes to Redis anyway, it counts the request on the way: see `CountedAhead` and ADR 13.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

import redis
from flask import Flask, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from limits.storage import RedisStorage

from server.config import Settings
from server.core import trail as trails
from server.core.here import the_app, things

CLASSES = ("read", "write", "lookup", "sign_in", "link", "refresh", "upload", "print")
# The class of what must answer whatever is down: counting would ask Redis.
UNLIMITED = "unlimited"


@dataclass(slots=True)
class Counter:
    """Where a request is counted in Redis, for how many seconds, and what it stood at when it was counted ahead."""

    key: str
    seconds: int
    count: int | None = None


class CountedAhead(RedisStorage):
    """Redis as Flask-Limiter counts in it; what this request has counted there already is not counted again."""

    STORAGE_SCHEME = ("ahead+redis", "ahead+rediss", "ahead+redis+unix")  # type: ignore[assignment]

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri.removeprefix("ahead+"), **options)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        ahead: Counter | None = things().pop("counter", None)
        if ahead is not None and ahead.count is not None and ahead.key == self.prefixed_key(key):
            return ahead.count
        return super().incr(key, expiry, amount)


class _Limiter(Limiter):
    """Flask-Limiter without its pass before each request: no limit is declared by default or for a blueprint."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


@dataclass(frozen=True)
class _Gate:
    """A rate class: its limit, and what Flask-Limiter lets nobody through once that is reached."""

    name: str
    limit: RateLimitItem
    enter: Callable[[], None]


def caller() -> str:
    """Return whom the limit counts: whom the endpoint names, the user, or the address of an anonymous caller."""
    named: str | None = things().get("counted_as")
    if named is not None:
        return named
    actor = trails.current().actor
    if actor is not None:
        return _user(actor.user_id)
    return f"address:{network_of(request.remote_addr or 'unknown')}"


def _user(user_id: uuid.UUID) -> str:
    return f"user:{user_id}"


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv6 subscriber holds a /64."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        # A proxy may say anything, such as an address with a port.
        return (address.partition(":")[0] if address.count(":") == 1 else address)[:64]
    if known.version == 4:
        return str(known)
    # All IPv4 callers of a socket that takes both kinds stand in one /64.
    return str(known.ipv4_mapped or ip_network((known, 64), strict=False).network_address)


def init_limits(app: Flask, settings: Settings) -> None:
    """Set up the limiter and one gate per rate class."""
    app.config["RATELIMIT_HEADERS_ENABLED"] = False
    options: dict[str, object] = {}
    if settings.redis_url:
        app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = True
        options = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
        app.config["RATELIMIT_STORAGE_OPTIONS"] = options
    app.config["RATELIMIT_STORAGE_URI"] = _storage(settings.redis_url)
    limiter = _Limiter(caller, app=app)
    # After each request it adds headers and takes off what an answer costs, neither of which we ask of it; what it
    # forgets at the end goes with the request.
    app.after_request_funcs[None].pop()
    app.teardown_request_funcs[None].pop()
    app.extensions["rate_limiter"] = limiter
    app.extensions["rate_gates"] = {name: _gate(limiter, name, settings) for name in CLASSES}


def _storage(redis_url: str | None) -> str:
    """Return the URL in the words of the `limits` library, which calls a unix socket `redis+unix`."""
    return f"ahead+{redis_url.replace('unix://', 'redis+unix://', 1)}" if redis_url else "memory://"


def _gate(limiter: Limiter, name: str, settings: Settings) -> _Gate:
    """Return the gate of a class: while Redis is down each worker counts alone, and allows its share."""
    item: RateLimitItem = parse(getattr(settings, f"rate_{name}"))
    amount = item.amount * settings.rate_limits_factor
    period = f"per {item.multiples} {item.GRANULARITY.name}"
    whole = f"{amount} {period}"
    share = f"{max(1, amount // settings.web_concurrency)} {period}"
    # The limiter tells nobody else that it has fallen back to counting in memory.
    limited = limiter.shared_limit(lambda: share if limiter._storage_dead else whole, scope=name)
    return _Gate(name, parse(whole), limited(_opened(name)))


def _opened(name: str) -> Callable[[], None]:
    """Return what is called when a class's limit is not reached.

    Flask-Limiter collects limits by the name of the function, so with one for all classes each request would count
    for, and be stopped by, every class.
    """

    def opened() -> None:
        """Let the request through."""

    opened.__name__ = opened.__qualname__ = f"gate_{name}"
    return opened


def expect(rate: str) -> None:
    """Say that `check` will ask for the limit of a class once it is known who calls."""
    if rate != UNLIMITED:
        things().expected_rate = rate


def counter_of(user_id: uuid.UUID) -> Counter | None:
    """Return what the expected check will count for a user, for whoever asks Redis about the user to count there."""
    here, extensions = things(), the_app().extensions
    rate: str | None = here.pop("expected_rate", None)
    limiter: Limiter = extensions["rate_limiter"]
    storage = limiter.storage
    if rate is None or limiter._storage_dead or not isinstance(storage, CountedAhead):
        return None
    gate: _Gate = extensions["rate_gates"][rate]
    counter = Counter(storage.prefixed_key(gate.limit.key_for(_user(user_id), rate)), gate.limit.get_expiry())
    here.counter = counter
    return counter


def check(rate: str, *, by: str | None = None) -> None:
    """Count this request, for whom `by` names, and raise 429 when its class is used up."""
    things().counted_as = by
    if rate == UNLIMITED:
        return
    gate: _Gate = the_app().extensions["rate_gates"][rate]
    if not _passes(gate):
        # What the limiter does about a limit that is reached, or a Redis that is down, is its own affair.
        gate.enter()


def _passes(gate: _Gate) -> bool:
    limiter: Limiter = the_app().extensions["rate_limiter"]
    if limiter._storage_dead:
        return False
    try:
        return limiter.limiter.hit(gate.limit, caller(), gate.name)
    except redis.RedisError:
        return False


def retry_after() -> int:
    """Return the seconds until the limit that was just breached resets."""
    limiter: Limiter = the_app().extensions["rate_limiter"]
    limit = limiter.current_limit
    return max(1, round(limit.reset_at - time.time())) if limit else 60
