"""Count what operators watch: requests, statements, the pool. Served at `/metrics` for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flask import has_app_context
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import Engine, event

from server.core.attempts import attempt
from server.core.here import things

REGISTRY = CollectorRegistry()

_REQUESTS = Counter("polyclinic_requests_total", "Requests answered.", ["method", "route", "status"], registry=REGISTRY)
_SECONDS = Histogram(
    "polyclinic_request_seconds", "Seconds from arrival to answer.", ["method", "route"], registry=REGISTRY
)
_STATEMENTS = Counter("polyclinic_statements_total", "SQL statements sent.", registry=REGISTRY)
_asked: dict[str, tuple[Gauge, Callable[[], Mapping[str, int]]]] = {}
_POOL = Gauge("polyclinic_pool_connections", "Database connections in use.", registry=REGISTRY)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request."""
    known = method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
    requests, took = _of_kind(known, route, status)
    requests.inc()
    took.observe(seconds)


@lru_cache(maxsize=1024)
def _of_kind(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _REQUESTS.labels(method, route, str(status)), _SECONDS.labels(method, route)


def watch(engine: Engine) -> None:
    """Count the statements of an engine, and have its pool asked for the connections that are out of it."""

    @event.listens_for(engine, "before_cursor_execute")
    def on_statement(*_args: Any) -> None:
        _STATEMENTS.inc()
        if has_app_context():
            here = things()
            here.statements = here.get("statements", 0) + 1

    _POOL.set_function(lambda: _taken_from(engine.pool))


def _taken_from(pool: Any) -> int:
    return int(pool.checkedout()) if hasattr(pool, "checkedout") else 0


def ask(name: str, text: str, label: str, count: Callable[[], Mapping[str, int]]) -> None:
    """Have a gauge set to what `count` says by label, each time somebody looks."""
    gauge = _asked[name][0] if name in _asked else Gauge(name, text, [label], registry=REGISTRY)
    _asked[name] = (gauge, count)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    for gauge, count in _asked.values():
        for label, value in (attempt(count)[0] or {}).items():
            gauge.labels(label).set(value)
    return generate_latest(REGISTRY)
