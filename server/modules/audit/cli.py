"""`flask audit`: seal, verify, retire, and show the heads of the seals."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from server.core import state
from server.core.db import reading
from server.modules.audit import integrity
from server.modules.audit.archives import BadArchive
from server.modules.audit.heads import Head
from server.modules.audit.models import AuditSeal
from server.modules.audit.service import retirement, sealing

audit = AppGroup("audit", help="Seal, verify and retire the audit log.")


@audit.command("seal")
def seal() -> None:
    """Seal now what is committed, and look through the whole log for it."""
    click.echo(f"{sealing.seal_due(everything=True)} rows sealed")


@audit.command("verify")
@click.option("--from-seal", type=click.IntRange(1), default=1, help="Begin at this seal.")
@click.option(
    "--archive",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check the files of retired rows in this folder too.",
)
@click.pass_context
def verify(context: click.Context, *, from_seal: int, archive: Path | None) -> None:
    """Recompute all seals and name what is not as it was sealed; exit with 1 if anything is."""
    try:
        report = integrity.verify(reading(), from_seal=from_seal, archive=archive)
    except BadArchive as error:
        raise click.ClickException(f"A file of retired rows cannot be read: {error}") from None
    for problem in report.problems:
        click.echo(f"{problem.kind}: {problem.message}")
    if len(report.problems) == integrity.MOST_PROBLEMS:
        click.echo("There may be more; these are the first.")
    counts = f"{report.checked_rows} rows in {report.checked_seals} seals"
    click.echo(f"{'OK' if report.ok else 'NOT OK'}: {counts}, {report.unsealed_rows} not sealed yet, ", nl=False)
    click.echo(f"{report.retired_rows} retired")
    context.exit(0 if report.ok else 1)


@audit.command("retire")
@click.option("--older-than", type=click.IntRange(1), help="Days; AUDIT_RETENTION_DAYS without it.")
@click.option("--archive", type=click.Path(file_okay=False, path_type=Path), help="Write the files here.")
def retire(*, older_than: int | None, archive: Path | None) -> None:
    """Move sealed rows past their time to files and drop them; only the owner of the tables may."""
    settings = state.settings()
    days = older_than or settings.audit_retention_days
    if not days:
        click.echo("AUDIT_RETENTION_DAYS is 0: rows are kept for ever.")
        return
    try:
        count, files = retirement.retire(older_than=timedelta(days=days), folder=archive or settings.audit_archive_path)
    except (retirement.NotAsSealed, retirement.AlreadyRetiring, BadArchive) as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        raise click.ClickException(f"The database refused: {error.orig}") from None
    click.echo(f"{count} rows retired")
    for path in files:
        click.echo(str(path))


@audit.command("heads")
def heads() -> None:
    """Show the heads of all seals as the file outside the database should have them."""
    for row in reading().execute(select(AuditSeal.__table__).order_by(AuditSeal.number)):
        click.echo(Head.of(row).line(), nl=False)
