"""Assemble the `flask` commands: groups that modules add to, and the set-up of a fresh checkout."""

from __future__ import annotations

import os

import click
from flask import Flask
from flask.cli import AppGroup

setup = AppGroup("setup", help="Set a fresh checkout up.", hidden=True)


def init_cli(app: Flask) -> None:
    """Add the groups; each module hangs its own commands in when it is added."""
    app.cli.add_command(AppGroup("import", help="Take in real data."))
    app.cli.add_command(AppGroup("export", help="Hand out data."))
    app.cli.add_command(AppGroup("docs", help="Write the API's documents."))
    app.cli.add_command(setup)


@setup.command("demo")
def demo() -> None:
    """Give a fresh clinic an admin and demo data (DEMO=0: the admin alone); later runs change and say nothing."""
    from server.demo import DemoRefused, set_up, tell

    try:
        accounts = set_up(wants_demo=os.environ.get("DEMO", "1") != "0")
    except DemoRefused as refused:
        click.echo(str(refused))
        return
    if accounts is not None:
        tell(accounts)
