"""Every refusal is one kind of document, and no refusal shows the inside."""

import uuid

import psycopg
import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError, TimeoutError as PoolTimeout

from server.core.db import db
from server.modules.patients.resources.people import PatientItem
from tests.factories.database import query
from tests.factories.people import API, bearer, make_patient, make_user, sign_in

OUTSIDE = "0193a3c4-0000-7000-8000-000000000000"
FIELDS = {"success", "data", "message", "type", "title", "status", "code", "request_id"}


@pytest.fixture
def admin(as_role):
    return as_role("admin")


def check(answer, status, code=None):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = answer.json
    assert body.keys() - {"errors"} >= FIELDS
    assert "instance" not in body
    assert (body["success"], body["data"], body["status"]) == (False, None, status)
    assert body["type"] == f"/docs/problems#{body['code']}"
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["message"].endswith((".", "!"))
    if code:
        assert body["code"] == code
    return body


def test_the_application_is_tested_as_it_runs(app):
    assert not app.testing
    assert not app.debug


def test_each_refusal_is_a_problem_document(app, client, admin, as_role):
    patient, nurse = make_patient(app), as_role("nurse")
    item = f"/patients/{patient.id}"
    json = {"content_type": "application/json"}
    check(admin.post("/patients", data="{", **json), 400, "bad_json")
    check(client.get(f"{API}/patients"), 401, "unauthorized")
    check(client.get(f"{API}/patients", headers=bearer("x.y.z")), 401, "invalid_token")
    check(nurse.get("/users"), 403, "forbidden")
    check(nurse.get(item), 404, "not_found")
    check(client.get("/nowhere"), 404, "not_found")
    check(client.get(f"{API}/patients/17", headers=admin.tokens.headers), 404, "not_found")
    check(admin.patch("/patients", json={}), 405, "method_not_allowed")
    taken = {"email": nurse.user.email, "first_name": "A", "last_name": "B", "roles": ["nurse"]}
    assert check(admin.post("/users", json=taken), 409, "email_taken")["errors"].keys() == {"email"}
    check(admin.patch(item, json={"notes": "x"}, headers={"If-Match": '"7"'}), 412, "stale_version")
    check(admin.post("/patients", data=b" " * (1024 * 1024 + 1), **json), 413, "too_large")
    check(admin.get("/patients?q=" + "x" * 9000), 414, "uri_too_long")
    check(admin.post("/patients", data="x=1", content_type="application/x-www-form-urlencoded"), 415)
    check(admin.post("/patients", data=b"{}", content_type="application/json; charset=utf-16"), 415)
    assert check(admin.post("/patients", json={}), 422, "validation_failed")["errors"].keys() >= {"first_name", "sex"}
    assert check(admin.get("/patients?colour=red"), 422)["errors"].keys() == {"colour"}


@pytest.mark.parametrize(
    ("path", "allowed"), [("/patients", {"GET", "POST"}), ("/users/{id}", {"GET", "PUT", "PATCH", "DELETE"})]
)
def test_405_names_the_methods(admin, path, allowed):
    for method in {"POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - allowed:
        answer = admin.open(method, path.format(id=OUTSIDE))
        assert answer.status_code == 405
        assert {word.strip() for word in answer.headers["Allow"].split(",")} - {"HEAD", "OPTIONS"} == allowed


def test_absent_and_out_of_scope_are_the_same_404(app, as_role):
    doctor, patient = as_role("doctor"), make_patient(app)
    for below in ("", "/allergies", "/conditions", "/medical-history", "/care-team"):
        answers = [doctor.get(f"/patients/{one}{below}") for one in (patient.id, uuid.uuid4())]
        texts = [answer.text.replace(answer.headers["X-Request-ID"], "") for answer in answers]
        assert answers[0].status_code == 404
        assert texts[0] == texts[1]
        assert {k: v for k, v in answers[0].headers.items() if k != "X-Request-ID"} == {
            k: v for k, v in answers[1].headers.items() if k != "X-Request-ID"
        }


@pytest.fixture
def breaks(monkeypatch):
    """Give a way to make reading and changing a patient raise."""

    def arrange(error):
        def broken(self, patient_id):
            raise error

        for verb in ("get", "patch"):
            method = type(broken)(broken.__code__, broken.__globals__, verb, closure=broken.__closure__)
            method.declaration = getattr(PatientItem, verb).declaration
            monkeypatch.setattr(PatientItem, verb, method)

    return arrange


@pytest.mark.parametrize(
    "error",
    [
        ValueError("the inside: secret"),
        KeyError("secret"),
        RecursionError("secret"),
        ProgrammingError("SELECT secret FROM inside", {"name": "secret"}, Exception("no such column: secret")),
    ],
)
def test_what_goes_wrong_shows_the_request_id_and_nothing_inside(app, admin, breaks, error):
    patient = make_patient(app)
    breaks(error)
    for answer in (admin.get(f"/patients/{patient.id}"), admin.patch(f"/patients/{patient.id}", json={"notes": "x"})):
        body = check(answer, 500, "internal_error")
        assert "secret" not in answer.text
        assert "Error" not in body["message"]
        assert "Traceback" not in answer.text


def on_postgres(state):
    cls = psycopg.errors.lookup(state)
    return OperationalError("SELECT 1", {}, cls("a lock, a deadlock, a shutdown"))


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT 1", {}, Exception("database is locked")),
        *(on_postgres(state) for state in ("40P01", "40001", "55P03", "57014", "57P01", "53300", "08006")),
        PoolTimeout("QueuePool limit of size 1 overflow 2 reached"),
    ],
)
def test_what_passes_is_503_and_says_when_to_come_again(app, admin, breaks, error):
    patient = make_patient(app)
    breaks(error)
    for answer in (admin.get(f"/patients/{patient.id}"), admin.patch(f"/patients/{patient.id}", json={"notes": "x"})):
        check(answer, 503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert "QueuePool" not in answer.text


def test_an_exhausted_pool_is_503_and_nothing_is_lost(app, make_app):
    user = make_user(app, "admin")
    small = make_app(DATABASE_POOL_SIZE="1")
    client = small.test_client()
    tokens = sign_in(client, user)
    with small.app_context():
        db.engine.pool._timeout = 0.1
        held = [db.engine.connect() for _ in range(3)]
    answer = client.get(f"{API}/patients", headers=tokens.headers)
    check(answer, 503, "unavailable")
    for connection in held:
        connection.close()
    assert client.get(f"{API}/patients", headers=tokens.headers).status_code == 200


@pytest.mark.only("postgres")
@pytest.mark.slow
def test_a_row_that_stays_locked_is_503_after_two_seconds(app, admin):
    patient = make_patient(app)
    with app.app_context(), db.engine.connect() as rival:
        rival.execute(db.text("SELECT 1 FROM patients WHERE id = :id FOR UPDATE"), {"id": patient.id})
        answer = admin.patch(f"/patients/{patient.id}", json={"notes": "late"})
        rival.rollback()
    check(answer, 503, "unavailable")
    assert query(app, "SELECT notes FROM patients") == [{"notes": None}]


def test_too_many_is_429_and_says_when_to_come_again(app, make_app, admin):
    limited = make_app(RATE_LIMITS_FACTOR="1", RATE_SIGN_IN="3 per minute", RATE_READ="3 per minute").test_client()
    wrong = {"identifier": "nobody@example.com", "password": "a wrong password"}
    answers = [limited.post(f"{API}/auth/login", json=wrong) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    check(answers[-1], 429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61
    assert "Retry-After" not in answers[0].headers
    # Reads are counted apart from sign-ins, by user and not by address.
    headers = admin.tokens.headers
    assert [limited.get(f"{API}/patients", headers=headers).status_code for _ in range(4)] == [200, 200, 200, 429]
    other = sign_in(app.test_client(), make_user(app, "admin"))
    assert limited.get(f"{API}/patients", headers=other.headers).status_code == 200


def test_a_refused_caller_cannot_use_up_the_limit_of_another(make_app, admin):
    limited = make_app(RATE_LIMITS_FACTOR="1", RATE_READ="3 per minute").test_client()
    for _ in range(5):
        assert limited.get(f"{API}/patients", headers=bearer("forged")).status_code == 401
    assert limited.get(f"{API}/patients", headers=admin.tokens.headers).status_code == 200


def test_every_code_that_the_server_answers_by_status_is_explained(client):
    page = client.get("/docs/problems").text
    for code in ("bad_request", "request_timeout", "too_large", "uri_too_long", "unsupported_media_type"):
        assert f'id="{code}"' in page
