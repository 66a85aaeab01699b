"""Reach what the application holds: settings, the store, the grid of grants."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, current_app

from server.config import Settings
from server.core.access import Grid
from server.core.store import Store


def settings() -> Settings:
    """Return the settings of the running application."""
    return cast(Settings, current_app.extensions["settings"])


def store() -> Store | None:
    """Return the Redis store, or None where none is configured."""
    return cast("Store | None", current_app.extensions["store"])


def grid() -> Grid:
    """Return all grants."""
    return cast(Grid, current_app.extensions["grid"])


def flags() -> dict[str, Any]:
    """Return what the process has noticed about itself, for the readiness check."""
    return cast("dict[str, Any]", current_app.extensions["state"])


def application() -> Flask:
    """Return the application itself, for work that goes on in another thread."""
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]
