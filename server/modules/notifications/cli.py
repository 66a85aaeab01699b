"""Commands for mail that was given up."""

from __future__ import annotations

import uuid

import click

from server.core.db import reading
from server.core.jobs import jobs
from server.modules.notifications import queries, service


@jobs.command("dead")
def dead() -> None:
    """List the mails that were given up after ten tries, newest first."""
    for row in queries.dead_letters(reading()):
        click.echo(f"{row.id}  {row.created_at:%Y-%m-%d %H:%M}  {row.kind}  {row.last_error}")


@jobs.command("retry")
@click.argument("message_ids", nargs=-1, type=click.UUID)
@click.option("--all", "is_all", is_flag=True, help="Retry every mail that was given up.")
def retry(message_ids: tuple[uuid.UUID, ...], *, is_all: bool) -> None:
    """Give mails that were given up ten new tries."""
    wanted = [row.id for row in queries.dead_letters(reading())] if is_all else list(message_ids)
    revived = [message_id for message_id in wanted if service.retry_dead(message_id)]
    click.echo(f"{len(revived)} of {len(wanted)} will be tried again")
    if len(revived) < len(wanted):
        raise SystemExit(1)
