"""Reach what the application holds: settings, the store, the grid of grants."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask

from server.config import Settings
from server.core.access import Grid
from server.core.here import the_app
from server.core.storage import Storage
from server.core.store import Store


def settings() -> Settings:
    """Return the settings of the running application."""
    return cast(Settings, the_app().extensions["settings"])


def store() -> Store | None:
    """Return the Redis store, or None where none is configured."""
    return cast("Store | None", the_app().extensions["store"])


def storage() -> Storage:
    """Return where the bytes of files lie."""
    return cast(Storage, the_app().extensions["storage"])


def grid() -> Grid:
    """Return all grants."""
    return cast(Grid, the_app().extensions["grid"])


def flags() -> dict[str, Any]:
    """Return what the process has noticed about itself, for the readiness check."""
    return cast("dict[str, Any]", the_app().extensions["state"])


def application() -> Flask:
    """Return the application itself, for work that goes on in another thread."""
    return the_app()
