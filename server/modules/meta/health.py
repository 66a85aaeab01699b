"""Ask how the application is: alive, ready, and in words."""

from __future__ import annotations

from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server import __version__
from server.core import state
from server.core.db import reading


def readiness(app: Flask) -> tuple[bool, dict[str, Any]]:
    """Return whether requests can be served, and what each part says."""
    parts: dict[str, Any] = {"database": "ok", "migrations": "ok"}
    try:
        connection = reading()
        connection.execute(text("SELECT 1"))
        if MigrationContext.configure(connection).get_current_revision() != _head(app):
            parts["migrations"] = "behind: run flask db upgrade"
    except SQLAlchemyError:
        parts["database"] = "down"
        parts["migrations"] = "unknown"
    if (store := state.store()) is not None:
        parts["redis"] = "ok" if store.is_up() else "down: revocation and limits go by the database and this process"
    is_ready = parts["database"] == "ok" and parts["migrations"] == "ok"
    if state.flags().get("proxy_misconfigured"):
        parts["proxy"] = "proxy_misconfigured: set TRUSTED_PROXIES"
    return is_ready, parts


def _head(app: Flask) -> str | None:
    if "migration_head" not in app.extensions:
        config = Config()
        config.set_main_option("script_location", str(app.extensions["migrate"].directory))
        app.extensions["migration_head"] = ScriptDirectory.from_config(config).get_current_head()
    head: str | None = app.extensions["migration_head"]
    return head


def summary(app: Flask) -> dict[str, Any]:
    """Return what a person wants to read."""
    is_ready, parts = readiness(app)
    return {"status": "ready" if is_ready else "not ready", "version": __version__, "parts": parts}
