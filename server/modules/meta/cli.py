"""`flask docs build`: write the OpenAPI document beside the docs."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click
import orjson
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from server.core import state
from server.modules.meta.openapi import document


def add_commands(app: Flask) -> None:
    """Hang the command into `flask docs`."""
    cast(AppGroup, app.cli.commands["docs"]).add_command(build)


@click.command("build")
@click.option("--to", default="docs/openapi.json", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def build(to: Path) -> None:
    """Write the OpenAPI document."""
    to.write_bytes(orjson.dumps(document(state.application()), option=orjson.OPT_INDENT_2))
    click.echo(f"wrote {to}")
