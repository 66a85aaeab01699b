"""Search the API for bad answers from its own document, as an admin and as a patient, with all checks."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from werkzeug.serving import make_server

from tests.factories.people import make_patient, signed_in
from tests.legs import ROOT

QUICK, LONG = 3, 50


@pytest.fixture
def served(app: Any) -> Iterator[str]:
    """Serve the application of this leg from a thread and give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def search(address: str, headers: dict[str, str], *, examples: int, coverage: bool) -> tuple[dict[str, list[str]], int]:
    """Run the phases; return what failed by operation and check, and how many requests were made."""
    config = SchemathesisConfig.from_path(ROOT / "schemathesis.toml")
    project = config.projects.default
    project.update(headers=headers)
    project.generation.update(max_examples=examples)
    project.phases.coverage.enabled = coverage
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
    failed: dict[str, list[str]] = defaultdict(list)
    requests = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            failed[f"{event.label} cannot be tested"].append(str(event.info))
        if isinstance(event, events.ScenarioFinished):
            requests += len(event.recorder.interactions)
            for node in (node for nodes in event.recorder.checks.values() for node in nodes):
                if node.status == Status.FAILURE and node.failure_info:
                    said = f"{node.failure_info.failure}\n{node.failure_info.code_sample}"
                    failed[f"{event.recorder.label}: {node.name}"].append(said)
    return failed, requests


def hold(app: Any, address: str, role: str, **how: Any) -> None:
    """Search as somebody of a role and expect to find nothing."""
    someone = signed_in(app, role)
    make_patient(app, user_id=someone.user.id if role == "patient" else None)
    failed, requests = search(address, someone.tokens.headers, **how)
    assert requests > 100
    assert not failed, "\n\n".join(f"{name} ({len(found)} times)\n{found[0]}" for name, found in sorted(failed.items()))


@pytest.mark.slow
@pytest.mark.parametrize("role", ["admin", "patient"])
def test_nothing_answers_badly(app, served, role):
    hold(app, served, role, examples=QUICK, coverage=False)


@pytest.mark.fuzz
@pytest.mark.parametrize("role", ["admin", "patient"])
def test_nothing_answers_badly_for_long(app, served, role):
    hold(app, served, role, examples=LONG, coverage=True)


# These end the session that the rest needs.
ENDS_SESSION = ("/logout", "/logout-all", "/change-password", "/sessions/{session_id}")


def made_up(document: dict[str, Any], examples: int) -> list[requests.PreparedRequest]:
    """Return the same requests each time: some of every operation, made from the document."""
    schema = schemathesis.openapi.from_dict(document)
    found: list[requests.PreparedRequest] = []
    quietly = settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith(ENDS_SESSION) or operation.path.startswith(("/health", "/metrics")):
            continue

        @quietly
        @given(operation.as_strategy())
        def collect(case: Any) -> None:
            kept = case.as_transport_kwargs(base_url="http://localhost")
            known = {name: kept.get(name) for name in ("method", "url", "params", "json", "data", "headers")}
            found.append(requests.Request(**known).prepare())

        collect()
    return found


@pytest.mark.slow
def test_both_databases_answer_alike(request):
    legs = request.getfixturevalue("_legs")
    if len(legs) < 2 or any(leg.obstacle() for leg in legs.values()):
        pytest.skip("needs both legs")
    answers: dict[str, list[tuple[str, str, int]]] = {}
    requested: list[requests.PreparedRequest] = []
    for name, leg in legs.items():
        someone = signed_in(leg.app, "admin", "doctor", email="both@example.com", username="both")
        requested = requested or made_up(leg.app.test_client().get("/openapi.json").json, 5)
        answers[name] = []
        for one in requested:
            headers = {k: v for k, v in one.headers.items() if k not in ("Authorization", "Content-Length")}
            headers |= someone.tokens.headers
            answer = someone.client.open(one.path_url, method=one.method, data=one.body, headers=headers, buffered=True)
            answers[name].append((one.method or "", one.path_url, answer.status_code))
        leg.reset()
    first, second = answers.values()
    assert len(first) > 150
    assert first == second
    assert max(status for *_, status in first) < 500
