"""`flask import items`: a sheet of items in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from server.core.uow import command
from server.modules.inventory.schemas.sheets import OUTCOMES
from server.modules.inventory.service.sheets import ImportRefused, take_in
from server.modules.inventory.sheets import BadSheet, read_lines


def add_commands(app: Flask) -> None:
    """Hang the command into `flask import`."""
    cast(AppGroup, app.cli.commands["import"]).add_command(import_items)


@click.command("items")
@click.argument("sheet", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--partial", is_flag=True, help="Take in the good lines where others are wrong.")
@click.pass_context
@with_appcontext
def import_items(context: click.Context, sheet: Path, *, partial: bool) -> None:
    """Take in items from a CSV file whose first line names our fields, all of it or (--partial) the good lines."""
    try:
        with sheet.open("rb") as file:
            lines = list(read_lines(file))
        with command("items.import", "item"):
            report = take_in(actor=None, lines=lines, is_partial=partial)
    except BadSheet as error:
        raise click.ClickException(str(error)) from None
    except ImportRefused as refusal:
        _tell(refusal.details["lines"])
        raise click.ClickException("Some lines are wrong; nothing was taken in.") from None
    _tell([one for one in report["lines"] if one["errors"]])
    click.echo("Items: " + ", ".join(f"{report[name]} {name}" for name in OUTCOMES))
    context.exit(1 if report["refused"] else 0)


def _tell(wrong: list[dict[str, Any]]) -> None:
    for one in wrong:
        for name, why in sorted(one["errors"].items()):
            click.echo(f"line {one['line']}\t{name}\t{' '.join(map(str, why))}", err=True)
