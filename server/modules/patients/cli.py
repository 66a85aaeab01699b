"""`flask import patients` and `flask export patients`: sheets in, sheets out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import IO, cast

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func, select

from server.core import trail as trails
from server.core.db import reading
from server.core.uow import command
from server.modules.patients.models import Patient
from server.modules.patients.service import sheets as service
from server.modules.patients.sheets import BadHeader, Line, read_lines, write_lines

LINES_A_COMMIT = 500
BAD = "not taken in"


class _OnlyPretended(Exception):
    """Roll back: this was a dry run."""


def add_commands(app: Flask) -> None:
    """Hang the commands into `flask import` and `flask export`."""
    cast(AppGroup, app.cli.commands["import"]).add_command(import_patients)
    cast(AppGroup, app.cli.commands["export"]).add_command(export_patients)


@click.command("patients")
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Read and check everything, store nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="List here what was not taken in.")
@click.pass_context
@with_appcontext
def import_patients(context: click.Context, sheet: Path, *, dry_run: bool, report: Path | None) -> None:
    """Take in patients from a CSV file whose first line names our fields."""
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        file = stack.enter_context(sheet.open(encoding="utf-8-sig", newline=""))
        listed = stack.enter_context(report.open("w", encoding="utf-8")) if report else sys.stderr
        bar = stack.enter_context(_bar())
        task = bar.add_task("lines", total=None)
        try:
            for lines in _parts(read_lines(file)):
                counts += _take_in(lines, listed, is_dry=dry_run)
                bar.advance(task, len(lines))
        except BadHeader as error:
            raise click.ClickException(str(error)) from None
        except UnicodeDecodeError as error:
            raise click.ClickException(f"The file is not UTF-8: {error.reason} at byte {error.start}.") from None
    if dry_run:
        click.echo("Dry run: nothing was stored.")
    click.echo("Patients: " + (", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "none"))
    context.exit(1 if counts[BAD] else 0)


def _bar() -> Progress:
    return Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def _parts(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while part := list(islice(lines, LINES_A_COMMIT)):
        yield part


def _take_in(lines: list[Line], listed: IO[str], *, is_dry: bool) -> Counter[str]:
    """Store the good lines of a part by one commit, and list the bad ones field by field."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts[BAD] += bool(line.errors)
        for name, why in sorted(line.errors.items()):
            listed.write(f"line {line.number}\t{name}\t{' '.join(why)}\n")
    good = [line for line in lines if not line.errors]
    with suppress(_OnlyPretended), command("patients.import", "patient"):
        for line, (outcome, differing) in zip(good, service.place_lines([line.fields for line in good]), strict=True):
            counts[outcome] += 1
            for name in differing:
                listed.write(f"line {line.number}\t{name}\tDiffers from the patient here, who stays as they are.\n")
        trails.current().values_after = {"counts": dict(counts)}
        if is_dry:
            raise _OnlyPretended
    return counts


@click.command("patients")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to standard output.")
@with_appcontext
def export_patients(output: Path | None) -> None:
    """Hand out all patients as CSV, in a form that `flask import patients` takes in again."""
    with command("patients.export", "patient") as unit:
        trails.current().object_count = unit.connection.scalar(select(func.count(Patient.id)))
    with ExitStack() as stack:
        if output is not None:
            output.touch(mode=0o600)
            file: IO[str] = stack.enter_context(output.open("w", encoding="utf-8", newline=""))
        else:
            file = sys.stdout
        count = write_lines(file, service.all_patients(reading()))
    click.echo(f"{count} patients", err=True)
