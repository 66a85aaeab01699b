"""Ask for mailed links, and read them."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.database import body_of, deliver, mails, token_in
from tests.factories.people import API, PASSWORD

MARY = {
    "email": "mary.sol@example.com",
    "password": PASSWORD,
    "first_name": "Mary",
    "last_name": "Sol",
    "date_of_birth": "1990-05-17",
}


def ask(client: FlaskClient, path: str, **body: Any) -> TestResponse:
    """Send one anonymous request below `/auth`."""
    return client.post(f"{API}/auth/{path}", json=body)


def register(client: FlaskClient, **changes: Any) -> TestResponse:
    """Register as Mary, or somewhat otherwise."""
    return ask(client, "register", **{**MARY, **changes})


def link_token(app: Flask) -> str:
    """Deliver what is due and return the token of the last mail that has one; other news may come with it."""
    assert deliver(app) >= 1
    return token_in([mail for mail in mails(app) if "token=" in body_of(mail)][-1])


def registered(app: Flask, client: FlaskClient, **changes: Any) -> dict[str, Any]:
    """Register and verify as Mary, and return what was sent."""
    assert register(client, **changes).status_code == 202
    assert ask(client, "verify-email", token=link_token(app)).status_code == 200
    return {**MARY, **changes}


def signs_in(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    """Try to sign in."""
    return ask(client, "login", identifier=email, password=password)
