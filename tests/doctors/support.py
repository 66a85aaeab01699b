"""What tests of doctors share: bodies to send, and short ways to send them."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.people import API, SignedIn

PRIVATE = {"user_id", "license_number", "license_expires_on"}
PUBLIC = {
    *("id", "created_at", "updated_at", "version", "first_name", "last_name", "name", "title", "specialties"),
    *("years_of_experience", "qualifications", "bio", "languages", "city", "consultation_fee"),
    *("default_duration_minutes", "timezone", "rating", "rating_count", "status"),
}

WHOLE = {
    "first_name": "Zoë",
    "last_name": "O'Neill-Łuczak",
    "title": "Prof. Dr.",
    "specialties": ["cardiology", "internal_medicine"],
    "license_number": "MA-12345",
    "license_expires_on": "2030-06-30",
    "years_of_experience": 12,
    "qualifications": ["MD, Harvard", "Fellow of the ACC"],
    "bio": "<p>Heart &lt; soul. <em>Hello</em></p>",
    "languages": ["en", "pt-BR"],
    "city": "São Paulo",
    "consultation_fee": "120.50",
    "default_duration_minutes": 45,
    "timezone": "America/Sao_Paulo",
}


def facts(**fields: Any) -> dict[str, Any]:
    """Return the least that makes a doctor, changed."""
    return {"first_name": "Ida", "last_name": "Quist", **fields}


def add(admin: SignedIn, **fields: Any) -> dict[str, Any]:
    """Add a doctor and return what was answered."""
    answer = admin.post("/doctors", json=facts(**fields))
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def look(client: FlaskClient, path: str, **query: Any) -> TestResponse:
    """Read as nobody in particular."""
    return client.get(API + path, query_string=query)


def last_names(answer: TestResponse) -> list[str]:
    """Return the last names that a list shows, in order."""
    assert answer.status_code == 200, answer.text
    return [one["last_name"] for one in answer.json["data"]]
