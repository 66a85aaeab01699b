"""Limit how often one caller may ask: rate classes, declared per method, counted by Flask-Limiter.

Counts live in Redis; without it, or while it is down, in this process's memory (then each worker counts alone).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from flask import Flask, current_app, g, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse

from server.config import Settings
from server.core import trail as trails

CLASSES = ("read", "write", "lookup", "sign_in", "link", "refresh")
# The class of what must answer whatever is down: counting would ask Redis.
UNLIMITED = "unlimited"


def caller() -> str:
    """Return whom the limit counts: whom the endpoint names, the user, or the address of an anonymous caller."""
    named: str | None = g.get("counted_as")
    if named is not None:
        return named
    actor = trails.current().actor
    if actor is not None:
        return f"user:{actor.user_id}"
    return f"address:{network_of(request.remote_addr or 'unknown')}"


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
    limiter = Limiter(caller, app=app)
    app.extensions["rate_limiter"] = limiter
    app.extensions["rate_gates"] = {
        name: limiter.shared_limit(_limit_of(limiter, name, settings), scope=name)(_gate(name)) for name in CLASSES
    }


def _storage(redis_url: str | None) -> str:
    """Return the URL in the words of the `limits` library, which calls a unix socket `redis+unix`."""
    return (redis_url or "memory://").replace("unix://", "redis+unix://", 1)


def _limit_of(limiter: Limiter, name: str, settings: Settings) -> Callable[[], str]:
    """Return what the limit of a class is now: while Redis is down each worker counts alone, and allows its share."""
    item: RateLimitItem = parse(getattr(settings, f"rate_{name}"))
    amount = item.amount * settings.rate_limits_factor
    period = f"per {item.multiples} {item.GRANULARITY.name}"
    whole = f"{amount} {period}"
    share = f"{max(1, amount // settings.web_concurrency)} {period}"
    # The limiter tells nobody else that it has fallen back to counting in memory.
    return lambda: share if limiter._storage_dead else whole


def _gate(name: str) -> Callable[[], None]:
    """Return what is called when a class's limit is not reached.

    Flask-Limiter collects limits by the name of the function, so with one for all classes each request would count
    for, and be stopped by, every class.
    """

    def opened() -> None:
        """Let the request through."""

    opened.__name__ = opened.__qualname__ = f"gate_{name}"
    return opened


def check(rate: str, *, by: str | None = None) -> None:
    """Count this request, for whom `by` names, and raise 429 when its class is used up."""
    g.counted_as = by
    if rate == UNLIMITED:
        return
    gates: dict[str, Callable[[], None]] = current_app.extensions["rate_gates"]
    gates[rate]()


def retry_after() -> int:
    """Return the seconds until the limit that was just breached resets."""
    limiter: Limiter = current_app.extensions["rate_limiter"]
    limit = limiter.current_limit
    return max(1, round(limit.reset_at - time.time())) if limit else 60
