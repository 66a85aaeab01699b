"""Make users, patients and care relations, and sign users in: what nearly every test begins with."""

import itertools
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.core.db import db
from server.core.uow import command
from server.modules.auth import passwords
from server.modules.auth.service import accounts
from server.modules.patients.enums import RelationSource
from server.modules.patients.service import care, people as patients
from server.modules.users import service as users
from server.modules.users.enums import UserStatus

API = "/api/v1"
PASSWORD = "quiet river stone 42"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """A user as its test knows them, the password included."""

    id: uuid.UUID
    email: str
    username: str
    first_name: str
    last_name: str
    roles: tuple[str, ...]
    password: str = PASSWORD


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gave."""

    access: str
    refresh: str
    session_id: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the header that a signed-in request carries."""
        return bearer(self.access)


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


class SignedIn:
    """A client that sends a user's access token; paths are those below the API's prefix."""

    def __init__(self, client: FlaskClient, user: Person, tokens: Tokens) -> None:
        self.client = client
        self.user = user
        self.tokens = tokens

    def open(self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs: Any) -> TestResponse:
        """Send one request."""
        return self.client.open(API + path, method=method, headers={**self.tokens.headers, **(headers or {})}, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open("GET", path, **kwargs)

    def head(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open("HEAD", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.open("DELETE", path, **kwargs)


def make_user(app: Flask, *roles: str, status: str = "active", password: str = PASSWORD, **fields: Any) -> Person:
    """Make a user of some roles who can sign in; with another status, who can not."""
    number = next(_numbers)
    facts = {
        "email": f"person{number}@example.com",
        "username": f"person{number}",
        "first_name": "Pat",
        "last_name": f"Tester{number}",
        **fields,
    }
    with app.app_context(), command("tests.make_user", "user"):
        user = users.create(roles=roles, **facts)
        if status != UserStatus.INVITED:
            accounts.set_password(user_id=user.id, new_hash=passwords.hash_password(password))
            users.activate(user_id=user.id)
            user.status = status
            db.session.flush()
        return Person(user.id, user.email, facts["username"], user.first_name, user.last_name, tuple(roles), password)


def sign_in(client: FlaskClient, user: Person, **headers: str) -> Tokens:
    """Sign a user in over HTTP."""
    body = {"identifier": user.email, "password": user.password}
    answer = client.post(f"{API}/auth/login", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return tokens_of(answer)


def tokens_of(answer: TestResponse) -> Tokens:
    """Return the tokens of an answer that signs in."""
    data = answer.json["data"]
    return Tokens(data["access_token"], data["refresh_token"], data["session_id"])


def signed_in(app: Flask, *roles: str, user: Person | None = None, **fields: Any) -> SignedIn:
    """Return a client signed in as this user, or as a new one of these roles."""
    client = app.test_client()
    someone = user or make_user(app, *roles, **fields)
    return SignedIn(client, someone, sign_in(client, someone))


@dataclass(frozen=True)
class PatientFacts:
    """A patient as its test knows them."""

    id: uuid.UUID
    mrn: str
    first_name: str
    last_name: str


def make_patient(app: Flask, *, user_id: uuid.UUID | None = None, **fields: Any) -> PatientFacts:
    """Register a patient, by nobody; `user_id` makes it the own chart of a user."""
    number = next(_numbers)
    facts = {
        "first_name": f"Given{number}",
        "last_name": f"Family{number}",
        "date_of_birth": date(1980, 1, 1),
        "sex": "female",
        **fields,
    }
    with app.app_context(), command("tests.make_patient", "patient"):
        patient = patients.register(actor=None, confirm_new=True, **facts)
        if user_id is not None:
            patient.user_id = user_id
            db.session.flush()
        return PatientFacts(patient.id, patient.mrn, patient.first_name, patient.last_name)


def relate(
    app: Flask,
    patient_id: uuid.UUID,
    user_id: uuid.UUID | None = None,
    *,
    audience: str | None = None,
    source: RelationSource = RelationSource.VISIT,
    **times: Any,
) -> uuid.UUID:
    """Open a patient's chart to a user, or to an audience; return the relation's id."""
    with app.app_context(), command("tests.relate", "care_relation"):
        relation = care.relate(patient_id=patient_id, source=source, user_id=user_id, audience=audience, **times)
        return relation.id


def named(someone: SignedIn) -> dict[str, str]:
    """Return how answers name somebody of the staff."""
    return {"id": str(someone.user.id), "name": f"{someone.user.first_name} {someone.user.last_name}"}
