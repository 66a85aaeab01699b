"""The requests that are compared, and the check that all servers answer them alike."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from benchmarks import seed
from benchmarks.clinic import Clinic
from benchmarks.load import request

API = "/api/v1"
PREPARED = 4_000
COMPARED = 20
# What a desk types: surnames whole and begun, both names, a number, digits of a phone.
SEARCHES = (
    "smith",
    "garc",
    "mary smith",
    "hartford",
    "johnson emi",
    "mrn000123",
    "thornbrook",
    "2012000777",
    "quinley",
    "williams david",
)


class Differs(Exception):
    """Two servers answer one request differently."""


@dataclass(frozen=True)
class Case:
    """One kind of request: `work` gives as many as a window takes, `sample` those whose answers are compared."""

    name: str
    work: Callable[[], Iterator[bytes]]
    sample: Callable[[], list[tuple[str, str, Any]]]
    expected: int = 200


def reads(clinic: Clinic) -> list[Case]:
    """Return the three reads."""
    return [
        _read(clinic, "get one", _one(clinic)),
        _read(clinic, "page of 50", lambda chance: f"{API}/patients?per_page=50&page={chance.randint(1, 20)}"),
        _read(clinic, "search", lambda chance: f"{API}/patients/search?q={quote(chance.choice(SEARCHES))}"),
    ]


def shuffled(chance: Random, prepared: list[bytes]) -> Iterator[bytes]:
    """Yield prepared requests again and again, each time in another order."""
    while True:
        yield from chance.sample(prepared, len(prepared))


def _one(clinic: Clinic) -> Callable[[Random], str]:
    return lambda chance: f"{API}/patients/{seed.patient_id(chance.randint(1, clinic.patients))}"


def _read(clinic: Clinic, name: str, path: Callable[[Random], str]) -> Case:
    chance = Random(name)
    prepared = [request("GET", path(chance), clinic.tokens[number % len(clinic.tokens)]) for number in range(PREPARED)]
    return Case(
        name,
        lambda: shuffled(chance, prepared),
        lambda: [("GET", path(chance), None) for _ in range(COMPARED)],
    )


def ask(port: int, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
    """Send one request and return status and parsed answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        content = None
        if body is not None:
            headers["Content-Type"], content = "application/json", json.dumps(body)
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        is_json = answer.headers.get_content_type().endswith("json")
        return answer.status, json.loads(text) if is_json else text
    finally:
        connection.close()


def compare(case: Case, ports: dict[str, int], token: str) -> None:
    """Raise `Differs` at the first request of the sample that two servers do not answer alike."""
    for method, path, body in case.sample():
        answers = {name: ask(port, method, path, token, body) for name, port in ports.items()}
        (first, (status, wanted)), *others = answers.items()
        if status != case.expected:
            raise Differs(f"{first}: {method} {path} answers {status}: {wanted}")
        for name, (other_status, found) in others:
            where = difference(wanted, found) if status == other_status else f"status {status} and {other_status}"
            if where:
                raise Differs(f"{first} and {name}: {method} {path}: {where}")


def difference(one: Any, other: Any, where: str = "$") -> str | None:
    """Return where two parsed answers differ; a field that is null is the same as none."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            pair = one.get(key), other.get(key)
            # What is inside a cursor is its server's own affair.
            found = difference(*(map(bool, pair) if key == "next_cursor" else pair), f"{where}.{key}")
            if found:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return next((found for at, pair in pairs if (found := difference(*pair, f"{where}[{at}]"))), None)
    return None if one == other else f"{where}: {one!r} and {other!r}"
