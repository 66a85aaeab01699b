"""Tell people things: an outbox written with its cause, delivered afterwards."""

from flask import Flask

from server.modules.notifications import cli


def init_module(app: Flask) -> None:
    """Add the commands that deliver what is due."""
    app.cli.add_command(cli.jobs)
