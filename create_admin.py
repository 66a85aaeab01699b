"""Make the first admin: `python create_admin.py --email ... --first-name ... --last-name ...`.

The password comes from a prompt, from `--password-stdin` or from `ADMIN_PASSWORD`; there is no default. An active admin
with that address is left as they are, so running it again changes nothing.
"""

from __future__ import annotations

import os
import sys

import click

from server import create_app
from server.core.access import Role
from server.core.errors import DomainError
from server.core.inputs import load
from server.core.uow import command
from server.modules.auth.service.accounts import create_admin
from server.modules.users.schemas import UserIn


@click.command()
@click.option("--email", prompt=True)
@click.option("--first-name", prompt=True)
@click.option("--last-name", prompt=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def main(email: str, first_name: str, last_name: str, *, password_stdin: bool) -> None:
    """Make an active admin account."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = os.environ.get("ADMIN_PASSWORD") or click.prompt(
            "Password", hide_input=True, confirmation_prompt=True
        )
    try:
        with create_app().app_context(), command("users.create_admin", "user"):
            given = {"email": email, "first_name": first_name, "last_name": last_name, "roles": [Role.ADMIN]}
            facts = {name: value for name, value in load(UserIn, given).items() if name in given and name != "roles"}
            admin, is_new = create_admin(**facts, password=password)
            said = (
                f"{admin.email} is an admin now." if is_new else f"{admin.email} is an admin already; nothing changed."
            )
    except DomainError as error:
        reasons = "; ".join(f"{name}: {' '.join(why)}" for name, why in (error.errors or {}).items())
        raise click.ClickException(reasons or error.message) from None
    click.echo(said)


if __name__ == "__main__":
    main()
