"""What tests of stock over HTTP share."""

import uuid
from typing import Any

from tests.factories.people import SignedIn

LEAST = {"name": "Gauze 10x10", "kind": "supply"}


def add(someone: SignedIn, **fields: Any) -> dict[str, Any]:
    """Add an item and return what was answered."""
    answer = someone.post("/items", json={**LEAST, **fields})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def path(item: Any, *more: str) -> str:
    """Return the path of an item, or of something below."""
    return "/".join(["/items", str(item["id"] if isinstance(item, dict) else item), *more])


def lots_of(someone: SignedIn, item: Any) -> list[dict[str, Any]]:
    """Return the lots of an item as they are listed."""
    answer = someone.get(path(item, "lots"))
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json["data"]
    return data


def stock(someone: SignedIn, item: Any, **body: Any) -> Any:
    """Count or adjust."""
    return someone.patch(path(item, "stock"), json={"reason": "Yearly count", **body})


def version(number: int) -> dict[str, str]:
    """Return the header that says which version was read."""
    return {"If-Match": f'"{number}"'}


NOWHERE = uuid.UUID("0190c6c1-0000-7000-8000-000000000000")
