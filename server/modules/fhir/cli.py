"""`flask import fhir`: take in bundles, folders, archives and NDJSON."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from server.modules.fhir.inputs import Input, find_inputs
from server.modules.fhir.models import Reason
from server.modules.fhir.run import import_fhir
from server.modules.fhir.tally import Tally


def add_commands(app: Flask) -> None:
    """Hang the command into `flask import`."""
    cast(AppGroup, app.cli.commands["import"]).add_command(fhir)


@click.command("fhir")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Read and check everything, store nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="List here what was not placed.")
@click.option("--source", help="Where resources without a UUID come from (default: the name of file or folder).")
@click.pass_context
@with_appcontext
def fhir(context: click.Context, paths: tuple[Path, ...], *, dry_run: bool, report: Path | None, source: str) -> None:
    """Take in FHIR R4 bundles (.json), NDJSON, archives (.tar, .tar.gz, .tar.xz) and folders of these."""
    inputs = find_inputs(list(paths), source)
    if not inputs:
        raise click.ClickException("There is nothing to read: no .json, .ndjson, .tar, .tar.gz or .tar.xz.")
    with ExitStack() as stack:
        lines = stack.enter_context(report.open("w", encoding="utf-8")) if report else None
        tally = Tally(lines)
        take_in_with_bar(inputs, tally, is_dry=dry_run)
    show(tally, is_dry=dry_run)
    if report is None and (tally.notes or any(reason != Reason.NO_ROOM for reason, _, _ in tally.others())):
        click.echo("Which ones, and why: --report FILE lists them line by line.")
    context.exit(1 if tally.unreadable else 0)


def take_in_with_bar(inputs: list[Input], tally: Tally, *, is_dry: bool = False) -> None:
    """Import under a progress bar by bytes, which only a terminal sees."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=sum(one.path.stat().st_size for one in inputs))
        before = 0
        last: Input | None = None

        def on_read(one: Input, read: int) -> None:
            nonlocal before, last
            if last is not None and last is not one:
                before += last.path.stat().st_size
            last = one
            progress.update(task, completed=before + read, description=one.name[:40])

        import_fhir(inputs, tally, is_dry=is_dry, on_read=on_read)


def show(tally: Tally, *, is_dry: bool = False) -> None:
    """Print what was placed, what is kept for later and what was not placed, grouped."""
    if is_dry:
        click.echo("Dry run: nothing was stored.")
    for sentence in tally.placed():
        click.echo(sentence)
    others = list(tally.others())
    roomless = [f"{kind} {number}" for reason, kind, number in others if reason == Reason.NO_ROOM]
    if roomless:
        click.echo(f"Kept for a room that is not built yet: {', '.join(roomless)}")
    for reason, kind, number in others:
        if reason != Reason.NO_ROOM:
            click.echo(f"Not placed: {kind} {number} ({reason})")
    for (kind, name), number in sorted(tally.notes.items()):
        click.echo(f"Left out: {name} of {number} {kind}")
    for place, why in tally.unreadable:
        click.echo(f"Cannot read {place}: {why}", err=True)
