import base64
import itertools
import re
from typing import Any

import orjson
import pytest
from sqlalchemy import event, insert

from server.core.db import db
from server.core.ids import new_id
from server.core.uow import command
from server.modules.patients.models import Patient
from tests.core.listed import FILLERS, Filled, fill_patients, list_endpoints, sort_keys
from tests.factories.people import signed_in
from tests.patients.support import refused


def read(filled: Filled, **query: Any) -> Any:
    answer = filled.client.get(filled.path, query_string={**filled.query, **query})
    assert answer.status_code == 200, answer.text
    return answer


def ids_of(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json["data"]]


def test_every_list_can_be_filled(app):
    assert {endpoint.path for endpoint in list_endpoints(app)} == set(FILLERS)


@pytest.mark.parametrize("path", FILLERS)
def test_a_cursor_walks_where_pages_walk(app, clock, path):
    filled = FILLERS[path](app, 40)  # the clock stands still, so all times of making are ties
    clock.shift(1)
    (endpoint,) = [endpoint for endpoint in list_endpoints(app) if endpoint.path == path]
    keys = sort_keys(endpoint)
    sorts = ["", *keys, *(f"-{key}" for key in keys), *(f"{a},-{b}" for a, b in itertools.permutations(keys, 2))]
    for sort in sorts:
        ordered = {"sort": sort} if sort else {}
        whole = read(filled, per_page=100, **ordered)
        total = len(ids_of(whole))
        assert total >= 40
        assert len(set(ids_of(whole))) == total
        assert whole.json["meta"]["total"] == total
        assert whole.json["meta"]["next_cursor"] is None
        paged: list[str] = []
        for page in range(1, -(-total // 7) + 1):
            answer = read(filled, per_page=7, page=page, **ordered)
            meta = answer.json["meta"]
            assert (meta["page"], meta["per_page"], meta["total"], meta["pages"]) == (page, 7, total, -(-total // 7))
            paged += ids_of(answer)
        assert paged == ids_of(whole), sort
        walked, cursor = ids_of(read(filled, per_page=7, **ordered)), read(filled, per_page=7, **ordered)
        following = cursor.json["meta"]["next_cursor"]
        while following:
            answer = read(filled, per_page=7, cursor=following, **ordered)
            walked += ids_of(answer)
            following = answer.json["meta"]["next_cursor"]
        assert walked == ids_of(whole), sort


@pytest.mark.parametrize("path", FILLERS)
def test_a_list_costs_the_same_for_one_row_and_for_a_hundred(app, path):
    counted = {}
    for count in (1, 100):
        filled = FILLERS[path](app, count)
        read(filled)  # the first one fills caches
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any, into: list[str] = statements) -> None:
            into.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            shown = ids_of(read(filled, per_page=100))
        finally:
            event.remove(engine, "before_cursor_execute", note)
        assert len(shown) >= count
        counted[count] = len(statements)
    assert counted[1] == counted[100]


@pytest.mark.parametrize("path", FILLERS)
def test_what_no_list_takes(app, path):
    filled = FILLERS[path](app, 3)
    client, where, query = filled.client, filled.path, filled.query
    refused(client.get(where, query_string={**query, "colour": "red"}), 422, "validation_failed", "colour")
    refused(
        client.get(where, query_string=[*query.items(), ("page", 1), ("page", 2)]), 422, "validation_failed", "page"
    )
    refused(client.get(where, query_string={**query, "sort": "colour"}), 422, "validation_failed", "sort")
    for name, value in itertools.product(("page", "per_page"), ("0", "-1", "x", "1e3", " 1", "9" * 20)):
        refused(client.get(where, query_string={**query, name: value}), 422, "validation_failed", name)
    refused(client.get(where, query_string={**query, "page": 101, "per_page": 100}), 422, "use_cursor", "page")
    refused(client.get(where, query_string={**query, "page": 10_001, "per_page": 1}), 422, "use_cursor", "page")
    past = read(filled, page=100, per_page=100)
    assert past.json["data"] == []
    assert past.json["meta"]["total"] >= 3


@pytest.mark.parametrize("path", FILLERS)
def test_head_is_get_without_a_body(app, clock, path):
    filled = FILLERS[path](app, 3)
    clock.shift(1)
    got = read(filled, per_page=2)
    head = filled.client.head(filled.path, query_string={**filled.query, "per_page": 2})
    assert head.status_code == 200
    assert head.data == b""
    varying = {"X-Request-ID"}
    assert {k: v for k, v in head.headers if k not in varying} == {k: v for k, v in got.headers if k not in varying}


def forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


@pytest.fixture
def patients(app):
    """Give a list of thirty patients."""
    return FILLERS["/api/v1/patients"](app, 30)


def test_a_cursor_belongs_to_its_list_and_order(app, patients):
    cursor = read(patients, per_page=5).json["meta"]["next_cursor"]
    others = [{"sort": "-last_name"}, {"sort": "created_at"}, {"page": 2}]
    for other in others:
        answer = patients.client.get("/patients", query_string={"cursor": cursor, **other})
        refused(answer, 422, "invalid_cursor", "cursor")
    refused(
        patients.client.get("/patients/search", query_string={"q": "given", "cursor": cursor}), 422, "invalid_cursor"
    )


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "é",
        "=" * 8,
        forged(),
        forged("last_name"),
        forged("last_name", "sA"),
        forged("last_name", "sA", "u123"),
        forged("last_name", "i1", "u01900000-0000-7000-8000-000000000000"),
        forged("last_name", "s\u0000", "u01900000-0000-7000-8000-000000000000"),
        forged("last_name", None, "u01900000-0000-7000-8000-000000000000"),
        forged("last_name", "sA", "u01900000-0000-7000-8000-000000000000", "sB"),
        forged("last_name", "", ""),
        base64.urlsafe_b64encode(b'{"a":1}').decode(),
        base64.urlsafe_b64encode(b"[" * 900).decode(),
        base64.urlsafe_b64encode(b'["last_name","s\\ud800","u01900000-0000-7000-8000-000000000000"]').decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_bad_cursors_are_refused(patients, cursor):
    refused(patients.client.get("/patients", query_string={"cursor": cursor}), 422, "invalid_cursor", "cursor")


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("mrn", f"i{10**30}"),
        ("mrn", f"i{2**63}"),
        ("mrn", f"i-{2**63}"),
        ("created_at", "t2026-01-01T00:00:00"),
        ("created_at", "t9999-12-31T23:59:59+00:00"),
        ("created_at", "t0001-01-01T00:00:00+14:00"),
        ("created_at", "t9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_tampered_cursor_is_never_a_500(patients, sort, value):
    cursor = forged(sort, value, "u01900000-0000-7000-8000-000000000000")
    answer = patients.client.get("/patients", query_string={"cursor": cursor, "sort": sort})
    assert answer.status_code in (200, 422), answer.text


def test_an_empty_or_long_cursor_is_refused(patients):
    for cursor in ("", "x" * 2001):
        refused(patients.client.get("/patients", query_string={"cursor": cursor}), 422, "validation_failed", "cursor")


def links(answer: Any) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("Link", ""))
    return {name: target for target, name in found}


def test_links_lead_through_the_list(patients):
    first = read(patients, per_page=12, sort="-mrn", sex="other")
    assert first.headers["X-Total-Count"] == "30"
    assert set(links(first)) == {"next"}
    seen, answer = ids_of(first), first
    while "next" in links(answer):
        answer = patients.client.client.get(links(answer)["next"], headers=patients.client.tokens.headers)
        seen += ids_of(answer)
    assert seen == ids_of(read(patients, per_page=100, sort="-mrn", sex="other"))
    assert set(links(answer)) == {"prev"}
    back = patients.client.client.get(links(answer)["prev"], headers=patients.client.tokens.headers)
    assert ids_of(back) == seen[12:24]
    by_cursor = read(patients, per_page=12, cursor=read(patients, per_page=12).json["meta"]["next_cursor"])
    assert by_cursor.json["meta"]["page"] is None
    following = patients.client.client.get(links(by_cursor)["next"], headers=patients.client.tokens.headers)
    assert ids_of(following) == ids_of(read(patients, per_page=100))[24:]


def test_the_total_is_exact_up_to_a_bound_and_says_so_beyond(app):
    fill_patients(app, 1)
    admin = signed_in(app, "admin")
    table = Patient.__table__
    with app.app_context(), command("tests.many", "patient"):
        row = dict(db.session.execute(table.select()).one()._mapping)
        more = [{**row, "id": new_id(), "number": 10_000 + i, "mrn": f"MRN-9{i:05}"} for i in range(1000)]
        db.session.execute(insert(table), more[:999])
    meta = admin.get("/patients").json["meta"]
    assert (meta["total"], meta["pages"]) == (1000, 40)
    assert not meta.get("total_is_estimate")
    with app.app_context(), command("tests.many", "patient"):
        db.session.execute(insert(table), more[999:])
    meta = admin.get("/patients").json["meta"]
    assert meta["total_is_estimate"] is True
    assert meta["total"] >= 1000
    assert admin.get("/patients?page=41").json["data"]
