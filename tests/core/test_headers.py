"""What every answer carries: request id, security headers, CORS for the origins that are named."""

import re
import uuid

import pytest

from tests.factories.people import API, make_user, sign_in

ORIGIN = "https://clinic.example"


@pytest.fixture
def browser(make_app):
    return make_app(ALLOWED_ORIGINS=f"{ORIGIN}, https://other.example").test_client()


def test_every_answer_has_the_security_headers(client):
    for path in ("/", "/health/live", f"{API}/patients", "/nowhere", "/docs", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] in ("no-referrer", "same-origin")
        assert "Content-Security-Policy" in headers
        assert "unsafe-inline' script" not in headers["Content-Security-Policy"]
        assert uuid.UUID(headers["X-Request-ID"])
        assert "Server" not in headers or "Werkzeug" not in headers["Server"]


def test_answers_of_the_api_are_not_stored(as_role):
    admin = as_role("admin")
    for answer in (admin.get("/patients"), admin.get("/nowhere"), admin.post("/patients", json={})):
        assert answer.headers["Cache-Control"] == "no-store"


def test_no_script_policy_lets_inline_scripts_run(client):
    for path in ("/docs", "/redoc", "/docs/problems", "/"):
        policy = client.get(path).headers["Content-Security-Policy"]
        scripts = re.search(r"script-src ([^;]*)", policy)
        assert "unsafe" not in (scripts[1] if scripts else ""), path


def test_hsts_is_for_production(client, make_app):
    assert "Strict-Transport-Security" not in client.get("/health/live").headers
    production = make_app(
        APP_ENV="production",
        AUDIT_SEAL_KEY="a key that seals the log, and is long enough",
        ALLOWED_ORIGINS=ORIGIN,
        FRONTEND_URL=ORIGIN,
        REDIS_URL="",
        WEB_CONCURRENCY="1",
    )
    assert "max-age=" in production.test_client().get("/health/live").headers["Strict-Transport-Security"]


def test_a_preflight_of_a_named_origin_is_answered(browser):
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, content-type, if-match, idempotency-key",
    }
    answer = browser.options(f"{API}/patients/{uuid.uuid4()}", headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("authorization", "content-type", "if-match", "idempotency-key"))


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://clinic.example.evil.example", "http://clinic.example"]
)
def test_another_origin_gets_nothing(browser, origin):
    for answer in (
        browser.options(f"{API}/patients", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}),
        browser.get("/health/live", headers={"Origin": origin}),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_named_origins_there_is_no_cors(client):
    assert "Access-Control-Allow-Origin" not in client.get("/health/live", headers={"Origin": ORIGIN}).headers


def test_browsers_may_read_the_headers_of_the_contract(app, browser):
    tokens = sign_in(browser, make_user(app, "admin"))
    answer = browser.get(f"{API}/patients", headers={**tokens.headers, "Origin": ORIGIN})
    exposed = {word.strip() for word in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {
        *("ETag", "Link", "Location", "Retry-After", "X-Request-ID", "X-Total-Count", "Idempotency-Replayed"),
    }
    refused = browser.get(f"{API}/patients", headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, ORIGIN)


def test_a_request_id_comes_back(client):
    own = str(uuid.uuid4())
    assert client.get("/nowhere", headers={"X-Request-ID": own}).json["request_id"] == own
    for odd in ("x", "1" * 500, "'; DROP TABLE", "00000000-0000-0000-0000-00000000000g"):
        answer = client.get("/nowhere", headers={"X-Request-ID": odd})
        assert uuid.UUID(answer.json["request_id"])
        assert answer.headers["X-Request-ID"] == answer.json["request_id"]


# The address that counts


def address_of(app, made, forwarded):
    tokens = sign_in(made.test_client(), make_user(app, "doctor"), **{"X-Forwarded-For": forwarded})
    listed = made.test_client().get(f"{API}/auth/sessions", headers=tokens.headers)
    return listed.json["data"][0]["address"]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ("0", "6.6.6.6", "127.0.0.1"),
        ("1", "6.6.6.6", "6.6.6.6"),
        ("1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("2", "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        ("2", "203.0.113.9", "127.0.0.1"),
    ],
)
def test_forwarded_addresses_are_believed_by_the_number_of_proxies(app, make_app, trusted, forwarded, address):
    assert address_of(app, make_app(TRUSTED_PROXIES=trusted), forwarded) == address


def test_a_spoofed_address_does_not_escape_the_limit(make_app):
    limited = make_app(RATE_LIMITS_FACTOR="1", RATE_SIGN_IN="3 per minute").test_client()
    wrong = {"identifier": "nobody@example.com", "password": "a wrong password"}
    statuses = [
        limited.post(f"{API}/auth/login", json=wrong, headers={"X-Forwarded-For": f"6.6.6.{n}"}).status_code
        for n in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]
