"""Assemble the `flask` commands: groups that modules add to, and the set-up of a fresh checkout."""

from __future__ import annotations

from flask import Flask
from flask.cli import AppGroup


def init_cli(app: Flask) -> None:
    """Add the groups; each module hangs its own commands in when it is added."""
    app.cli.add_command(AppGroup("import", help="Take in real data."))
    app.cli.add_command(AppGroup("export", help="Hand out data."))
    app.cli.add_command(AppGroup("docs", help="Write the API's documents."))
