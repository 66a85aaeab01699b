"""Take in FHIR R4 resources: what has a room becomes ours, the rest is kept as received."""

from flask import Flask

from server.modules.fhir import cli, queries
from server.modules.patients.shown import add_files


def init_module(app: Flask) -> None:
    """Add the import command, and what was received of a patient to their export."""
    cli.add_commands(app)
    add_files("fhir", queries.received_of)
