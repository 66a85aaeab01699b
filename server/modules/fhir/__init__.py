"""Take in FHIR R4 resources: what has a room becomes ours, the rest is kept as received."""

from flask import Flask

from server.modules.fhir import cli


def init_module(app: Flask) -> None:
    """Add the import command."""
    cli.add_commands(app)
