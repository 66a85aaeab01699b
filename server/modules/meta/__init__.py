"""Describe the API and its health: index, OpenAPI, docs pages, problems, metrics. Reads everything, owns nothing."""

from flask import Flask

from server.modules.meta import cli


def init_module(app: Flask) -> None:
    """Add the command that writes the OpenAPI document to a file."""
    cli.add_commands(app)
