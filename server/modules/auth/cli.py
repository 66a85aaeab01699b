"""What an operator does about accounts on the command line."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from server.core import trail as trails
from server.core.db import db
from server.core.fields import normal_form
from server.core.uow import command
from server.modules.auth.service import second_factors, sessions
from server.modules.users.models import User

auth = AppGroup("auth", help="Look after accounts.")


def add_commands(app: Flask) -> None:
    """Add the commands of this module."""
    app.cli.add_command(auth)


@auth.command("mfa-off")
@click.argument("email")
def mfa_off(email: str) -> None:
    """Turn off the second factor of an owner who lost the phone and every recovery code; all sessions end.

    Make sure that it is the owner who asks. A role with the duty enrols again at the next sign-in.
    """
    with command("auth.mfa_off", "user"):
        user = db.session.scalar(select(User).where(User.email_key == normal_form(email)))
        if user is None or not user.mfa_enabled:
            raise click.ClickException(f"{email} has no second factor.")
        trails.current().about(user.id)
        second_factors.switch_off(user.id)
        sessions.end_all(user_id=user.id, reason="mfa_off")
    click.echo(f"{email} signs in by password alone now.")
