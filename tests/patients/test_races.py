"""Two at once, against the real server: a rule that holds only one after the other is no rule."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.factories.people import API, SignedIn
from tests.live import LiveServer
from tests.patients.support import WHOLE, facts, path, register


def send(server: LiveServer, someone: SignedIn, method: str, where: str, body: Any, **headers: str) -> tuple[int, Any]:
    """Send one request over a socket."""
    request = urllib.request.Request(  # noqa: S310 -- our own server
        f"{server.base_url}{API}{where}",
        method=method,
        data=json.dumps(body).encode(),
        headers={**someone.tokens.headers, "Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- our own server
            return answer.status, (json.load(answer), dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, (json.load(error), dict(error.headers))


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Do `act` in so many threads that start together."""
    gate, results = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        gate.wait()
        results[number] = act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_who_register_one_person_one_is_told(live_server, as_role):
    admin = as_role("admin")
    for attempt in range(5):
        body = facts(last_name=f"Quist{'abcde'[attempt] * 9}", date_of_birth=f"199{attempt}-05-17")
        answers = at_once(2, lambda _number, body=body: send(live_server, admin, "POST", "/patients", body))
        assert sorted(status for status, _ in answers) == [201, 409], answers
        (winner,) = [body["data"]["id"] for status, (body, _) in answers if status == 201]
        (refusal,) = [body for status, (body, _) in answers if status == 409]
        assert refusal["code"] == "possible_duplicate"
        assert [one["id"] for one in refusal["candidates"]] == [winner]
    assert admin.get("/patients").json["meta"]["total"] == 5


def test_of_two_changes_of_one_version_one_is_stale(live_server, as_role):
    admin = as_role("admin")
    made = register(admin)
    for version in range(1, 6):
        words = [f"one {version}", f"two {version}"]
        answers = at_once(
            2,
            lambda number, words=words, version=version: send(
                live_server, admin, "PATCH", path(made), {"occupation": words[number], "version": version}
            ),
        )
        assert sorted(status for status, _ in answers) == [200, 412], answers
        shown = admin.get(path(made)).json["data"]
        assert shown["version"] == version + 1
        (kept,) = [words[number] for number, (status, _) in enumerate(answers) if status == 200]
        assert shown["occupation"] == kept


def test_an_allergy_is_added_once_and_beside_no_statement_of_none(live_server, as_role):
    doctor = as_role("doctor")
    made = register(doctor, **{name: WHOLE[name] for name in ("first_name", "last_name")})
    allergy = {"substance": "Penicillin V", "severity": "severe"}
    answers = at_once(4, lambda _number: send(live_server, doctor, "POST", path(made, "allergies"), allergy))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409], answers
    for attempt in range(4):
        other = register(doctor, first_name=f"Uwe{attempt}", last_name="Abel", date_of_birth=f"195{attempt}-01-01")
        answers = at_once(
            2,
            lambda number, other=other: (
                send(live_server, doctor, "POST", path(other, "allergies"), allergy)
                if number
                else send(live_server, doctor, "PUT", path(other, "allergies", "none-known"), {})
            ),
        )
        assert answers[1][0] == 201
        assert answers[0][0] in (200, 409)
        assert doctor.get(path(other, "medical-history")).json["data"]["no_known_allergies"] is None
