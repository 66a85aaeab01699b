"""What tests of patients share: bodies to send, and short ways to send them."""

import uuid
from typing import Any

from werkzeug.test import TestResponse

from tests.factories.people import SignedIn

CARD = {"id", "mrn", "name", "date_of_birth", "sex", "phone"}
LOOKUP_CARD = CARD - {"phone"}

WHOLE = {
    "prefix": "Dr. med.",
    "first_name": "Zoë Ánne-Sofie",
    "middle_name": "de la",
    "last_name": "O'Neill-Łuczak",
    "preferred_name": "Zø 🦊",
    "maiden_name": "محمد",
    "date_of_birth": "1984-02-29",
    "sex": "female",
    "gender_identity": "non-binary",
    "phone": "+16175550123",
    "email": "Zoe.ONeill@Example.com",
    "address": {
        "line1": "Grüner Weg 5 & 7",
        "line2": "3rd floor, < lift",
        "city": "São Paulo",
        "state": "SP",
        "postal_code": "01310-100",
        "country": "BR",
    },
    "language": "pt-BR",
    "marital_status": "married",
    "occupation": "Geologist (µ-CT)",
    "notes": "BP <90/60 & K+ >5.5\n\tO'Brien “told” us  \n中文",
}


def facts(**fields: Any) -> dict[str, Any]:
    """Return the least that makes a patient, changed."""
    least = {"first_name": "Ida", "last_name": "Quist", "date_of_birth": "1990-05-17", "sex": "female"}
    return {**least, **fields}


def register(someone: SignedIn, **fields: Any) -> dict[str, Any]:
    """Register a patient and return what was answered."""
    answer = someone.post("/patients", json=facts(**fields))
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def path(patient: Any, *more: str) -> str:
    """Return the path of a patient, or of something below."""
    found = patient["id"] if isinstance(patient, dict) else getattr(patient, "id", patient)
    return "/".join(["/patients", str(found), *map(str, more)])


def ids(answer: TestResponse) -> list[str]:
    """Return the ids that a list shows, in order."""
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json["data"]]


def refused(answer: TestResponse, status: int, code: str, *fields: str) -> None:
    """Hold a refusal to the problem document that the contract describes."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    problem = answer.json
    assert problem["code"] == code, answer.text
    assert problem["success"] is False
    assert problem["data"] is None
    assert problem["status"] == status
    assert problem["message"]
    assert uuid.UUID(problem["request_id"])
    assert problem["type"] == f"/docs/problems#{code}"
    for name in fields:
        assert problem["errors"].get(name), answer.text


def blamed(answer: TestResponse) -> set[str]:
    """Return the fields that a refusal names."""
    return set(answer.json.get("errors", {}))


def without_request_id(answer: TestResponse) -> bytes:
    """Return the body of a refusal with its request id taken out."""
    return answer.data.replace(answer.json["request_id"].encode(), b"")
