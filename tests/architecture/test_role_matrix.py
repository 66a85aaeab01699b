"""Hold the product to its role matrix: complete over the routes, and true over HTTP in every cell."""

import re
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.core.declare import openapi_path
from tests.architecture.matrix import ANONYMOUS, COLUMNS, ROLES, cells
from tests.factories.people import PASSWORD, Person, bearer, make_user, sign_in

CELLS = cells()
ENDS_SESSIONS = ("/auth/logout", "/auth/logout-all")
# A path parameter that is no UUID needs a value that exists.
KNOWN = {"name": "docs.css"}


def routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, openapi_path(rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def concrete(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: KNOWN.get(found[1], str(uuid.uuid4())), path)


def is_right(mark: str, status: int, column: str) -> bool:
    if mark == "+":
        return status not in (401, 403, 405) and status < 500
    if mark == "?":
        return status == 404
    return status == (401 if column == ANONYMOUS else 403)


def statuses(client: FlaskClient, user: Person | None) -> dict[tuple[str, str], int]:
    """Return the status of every cell of one column."""
    found = {}
    headers = sign_in(client, user).headers if user else {}
    for method, path in CELLS:
        body = None if method == "GET" else {}
        found[method, path] = client.open(concrete(path), method=method, json=body, headers=headers).status_code
        if user and path.endswith(ENDS_SESSIONS):
            headers = sign_in(client, user).headers
    return found


def wrong_cells(found: dict[tuple[str, str], int], column: str) -> list[str]:
    return [
        f"{method} {path} as {column}: {status}, expected {CELLS[method, path][column]}"
        for (method, path), status in found.items()
        if not is_right(CELLS[method, path][column], status, column)
    ]


@pytest.mark.only("sqlite")
def test_the_matrix_names_every_route_and_no_other(app):
    assert sorted(routes(app) - CELLS.keys()) == [], "routes without a row in tests/architecture/matrix.py"
    assert sorted(CELLS.keys() - routes(app)) == [], "rows of tests/architecture/matrix.py without a route"


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("column", COLUMNS)
def test_every_cell_holds_over_http(app, client, column):
    user = make_user(app, column) if column != ANONYMOUS else None
    assert wrong_cells(statuses(client, user), column) == []


@pytest.mark.only("postgres")
@pytest.mark.parametrize("column", ["doctor", "cashier", "patient", ANONYMOUS])
def test_columns_hold_on_the_other_database(app, client, column):
    user = make_user(app, column) if column != ANONYMOUS else None
    assert wrong_cells(statuses(client, user), column) == []


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("column", ["admin", "pharmacist", "cashier", ANONYMOUS])
def test_head_is_checked_as_get(app, client, column):
    headers = sign_in(client, make_user(app, column)).headers if column != ANONYMOUS else {}
    wrong = []
    for method, path in CELLS:
        if method == "GET":
            answer = client.head(concrete(path), headers=headers)
            assert answer.data == b""
            if not is_right(CELLS[method, path][column], answer.status_code, column):
                wrong.append(f"HEAD {path} as {column}: {answer.status_code}")
    assert wrong == []


@pytest.mark.only("sqlite")
def test_options_tells_the_methods_and_runs_nothing(app, client):
    for path in {path for _, path in CELLS}:
        answer = client.options(concrete(path))
        assert answer.status_code in (200, 204), path
        allowed = {word.strip() for word in answer.headers["Allow"].split(",")} - {"HEAD", "OPTIONS"}
        assert allowed == {method for method, other in CELLS if other == path}, path


@pytest.mark.only("sqlite")
def test_a_user_with_two_roles_has_the_union(app, client):
    user = make_user(app, "cashier", "nurse")
    wrong = [
        f"{method} {path}: {status}"
        for (method, path), status in statuses(client, user).items()
        if "+" in (CELLS[method, path]["cashier"], CELLS[method, path]["nurse"]) and not is_right("+", status, "")
    ]
    assert wrong == []


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("status", ["invited", "deactivated", "locked"])
def test_who_may_not_sign_in_has_no_cell(app, client, status):
    user = make_user(app, "admin", status=status)
    answer = client.post("/api/v1/auth/login", json={"email": user.email, "password": PASSWORD})
    assert answer.status_code in (401, 403)


def test_every_role_can_be_given(app):
    assert set(ROLES) == {role for permission in app.extensions["grid"].cells.values() for role in permission}


def test_a_refusal_of_permission_comes_before_the_object_and_the_body(app, client):
    technician = sign_in(client, make_user(app, "technician")).headers
    for path in ("/api/v1/patients", "/api/v1/users"):
        answer = client.post(path, data=b"{not json", content_type="text/plain", headers=technician)
        assert answer.status_code == 403, path
    assert client.get("/api/v1/users/no-uuid", headers=bearer("x")).status_code == 404
