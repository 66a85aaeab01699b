"""`flask import rxnorm`, `flask import medications` and `flask import interactions`."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from server.core import trail as trails
from server.core.uow import command
from server.modules.medications.rxnorm import Unreadable, read_products
from server.modules.medications.schemas.sheets import InteractionRow, MedicationRow
from server.modules.medications.service import imports
from server.modules.medications.sheets import Line, flag_of, ingredients_of, names_of, number_of, read_sheet

PRODUCTS_A_COMMIT = 500
_CELLS = {
    **dict.fromkeys(("quantity", "pack_size", "reorder_point"), number_of),
    **dict.fromkeys(("prescription_required", "is_active"), flag_of),
    **dict.fromkeys(("brands", "drug_classes"), names_of),
    "ingredients": ingredients_of,
}


class _NotTaken(Exception):
    """Roll back: some lines are wrong."""


def add_commands(app: Flask) -> None:
    """Hang the commands into `flask import`."""
    group = cast(AppGroup, app.cli.commands["import"])
    for one in (import_rxnorm, import_medications, import_interactions):
        group.add_command(one)


_FILE = click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_PARTIAL = click.option("--partial", is_flag=True, help="Take in the good lines where others are wrong.")


@click.command("rxnorm")
@_FILE
@with_appcontext
def import_rxnorm(path: Path) -> None:
    """Take in RxNorm's prescribable products: CSV, plain or gzipped, with a line for each product and ingredient.

    Products that are there already stay as they are. New ones are by prescription only until a pharmacist says
    otherwise, and have neither price nor stock.
    """
    began = time.monotonic()
    counts: Counter[str] = Counter()
    try:
        products = list(read_products(path).values())
    except Unreadable as error:
        raise click.ClickException(str(error)) from None
    for part in _parts(products):
        with command("medications.import", "medication"):
            taken = imports.take_products(part)
            trails.current().values_after = {"counts": dict(taken)}
        counts += taken
    said = ", ".join(f"{counts[name]} {name}" for name in (imports.ADDED, imports.THERE, imports.CONTROLLED))
    click.echo(f"Products: {len(products)} read, {said}")
    click.echo(f"{time.monotonic() - began:.1f} s, at most {_peak_megabytes()} MB of memory")


def _parts(products: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(products), PRODUCTS_A_COMMIT):
        yield products[start : start + PRODUCTS_A_COMMIT]


def _peak_megabytes() -> int:
    """Return the most memory that this process has held; Linux says it in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == "darwin" else 1024)


@click.command("medications")
@_FILE
@_PARTIAL
@click.pass_context
@with_appcontext
def import_medications(context: click.Context, path: Path, *, partial: bool) -> None:
    """Take in medications from a CSV file whose first line names our fields.

    Brands, classes and ingredients are listed with `;`, an ingredient's RxNorm code stands behind a bar:
    "amoxicillin|723; clavulanate|48203". With a wrong line nothing is taken in, unless --partial is given.
    """
    lines = _read(path, MedicationRow, _CELLS)
    count = 0
    if partial or not _wrong(lines):
        with suppress(_NotTaken), command("medications.import", "medication"):
            count = len(imports.take_lines(lines))
            trails.current().values_after = {"counts": {imports.ADDED: count}}
            if _wrong(lines) and not partial:
                count = 0
                raise _NotTaken
    _tell(context, "Medications", lines, count)


@click.command("interactions")
@_FILE
@_PARTIAL
@click.pass_context
@with_appcontext
def import_interactions(context: click.Context, path: Path, *, partial: bool) -> None:
    """Take in pairs of ingredients or classes that harm together: a, b, severity, message, source.

    A pair stands in place of what was known of it, what is shipped included. With a wrong line nothing is taken in,
    unless --partial is given.
    """
    lines = _read(path, InteractionRow, {})
    imports.find_sides(lines)
    count = 0
    if partial or not _wrong(lines):
        with command("medications.import_interactions", "drug_interaction"):
            count = imports.take_interactions(lines)
            trails.current().values_after = {"counts": {imports.ADDED: count}}
    _tell(context, "Interactions", lines, count)


def _read(path: Path, schema: Any, cells: Any) -> list[Line]:
    try:
        return list(read_sheet(path, schema, cells))
    except Unreadable as error:
        raise click.ClickException(str(error)) from None


def _wrong(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.errors]


def _tell(context: click.Context, what: str, lines: Sequence[Line], count: int) -> None:
    """List what is wrong line by line, say how many were taken in, and fail where one was not."""
    for line in _wrong(lines):
        for name, why in sorted(line.errors.items()):
            click.echo(f"line {line.number}\t{name}\t{' '.join(why)}", err=True)
    click.echo(f"{what}: {count} of {len(lines)} taken in, {len(_wrong(lines))} wrong")
    context.exit(1 if _wrong(lines) else 0)
