"""The first admin of a fresh clinic is made on the command line."""

import os
import subprocess
import sys

import pytest

from tests.factories.database import audit_rows, everything, query
from tests.factories.people import API, make_user
from tests.legs import ROOT

PASSWORD = "correct horse battery"
NAMED = ("--email", "Ada@Example.com", "--first-name", "Ada", "--last-name", "Lovelace")


@pytest.fixture
def create_admin(leg, app):
    def run(*arguments, stdin="", **changes):
        environ = {**leg.environ(**changes), "PATH": os.environ.get("PATH", os.defpath)}
        command = [sys.executable, "create_admin.py", *(arguments or NAMED)]
        return subprocess.run(
            command, cwd=ROOT, env=environ, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def users(app):
    return query(app, "SELECT email, status, version, updated_at FROM users ORDER BY email")


def test_a_password_from_standard_input(app, client, create_admin):
    done = create_admin(*NAMED, "--password-stdin", stdin=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr + everything(app)
    answer = client.post(f"{API}/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    user = answer.json["data"]["user"]
    assert (user["roles"], user["status"], user["last_name"]) == (["admin"], "active", "Lovelace")
    assert user["email_verified_at"]


def test_a_password_from_the_environment_and_twice_changes_nothing(app, client, create_admin):
    assert create_admin(ADMIN_PASSWORD=PASSWORD).returncode == 0
    before = users(app)
    again = create_admin(ADMIN_PASSWORD="a quite different one")
    assert again.returncode == 0, again.stderr
    assert "already" in again.stdout
    assert users(app) == before
    assert client.post(f"{API}/auth/login", json={"email": "ada@example.com", "password": PASSWORD}).status_code == 200


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("password", ["", "short", "adalovelace1", "ada@example.com", "x" * 129])
def test_a_weak_password_makes_nobody(app, create_admin, password):
    done = create_admin(*NAMED, "--password-stdin", stdin=password + "\n")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert password == "" or password not in done.stderr
    assert users(app) == []


@pytest.mark.only("sqlite")
def test_without_a_password_there_is_no_account(app, create_admin):
    done = create_admin(*NAMED)
    assert done.returncode != 0
    assert users(app) == []


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    "arguments",
    [
        ("--email", "nonsense", "--first-name", "Ada", "--last-name", "Lovelace"),
        ("--email", "a@example.com", "--first-name", "<b>Ada</b>", "--last-name", "Lovelace"),
        ("--email", "a@example.com", "--first-name", "", "--last-name", "Lovelace"),
    ],
)
def test_what_the_api_refuses_is_refused_here_too(app, create_admin, arguments):
    done = create_admin(*arguments, ADMIN_PASSWORD=PASSWORD)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert users(app) == []


@pytest.mark.only("sqlite")
def test_another_account_with_that_address_is_left_alone(app, create_admin):
    make_user(app, "cashier", email="ada@example.com")
    before = users(app)
    done = create_admin(ADMIN_PASSWORD=PASSWORD)
    assert done.returncode != 0
    assert users(app) == before


@pytest.mark.only("sqlite")
def test_the_making_is_recorded(app, create_admin):
    create_admin(ADMIN_PASSWORD=PASSWORD)
    assert audit_rows(app) == []
    (row,) = query(app, "SELECT action, status FROM audit_logs")
    assert (row["action"], row["status"]) == ("users.create_admin", 200)
