"""Commands of this module."""

from __future__ import annotations

from flask import Flask


def add_commands(app: Flask) -> None:
    """Hang the commands into `flask import` and `flask export`."""
