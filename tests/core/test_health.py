"""Alive, ready, in words, in numbers."""

import pytest
from redis.connection import AbstractConnection
from sqlalchemy import event

from server.core.db import db
from tests.factories.database import query
from tests.factories.people import API, bearer
from tests.factories.relay import Relay


def test_alive_and_ready(client):
    assert client.get("/health/live").status_code == 200
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json["success"]) == (200, True)
    told = client.get("/health").json["data"]
    assert told["status"] == "ready"
    assert told["version"]


def test_alive_touches_neither_database_nor_redis(app, client, monkeypatch):
    touched = []
    original = AbstractConnection.send_packed_command
    monkeypatch.setattr(
        AbstractConnection,
        "send_packed_command",
        lambda self, *args, **kwargs: (touched.append("redis"), original(self, *args, **kwargs))[1],
    )
    with app.app_context():
        engine = db.engine

    def note(*_args):
        touched.append("database")

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get("/health/live").status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert touched == []


def test_behind_its_migrations_it_is_not_ready(app, client):
    (at_head,) = query(app, "SELECT version_num FROM alembic_version")
    query(app, "UPDATE alembic_version SET version_num = '0001'")
    try:
        answer = client.get("/health/ready")
        told = client.get("/health")
    finally:
        query(app, "UPDATE alembic_version SET version_num = :version_num", **at_head)
    assert answer.status_code == 503
    assert answer.json["success"] is False
    assert "migrations" in answer.text
    assert "Retry-After" in answer.headers
    assert (told.status_code, told.json["data"]["status"]) == (200, "not ready")
    assert client.get("/health/ready").status_code == 200


@pytest.mark.only("sqlite")
def test_without_a_database_it_is_alive_and_not_ready(make_app, tmp_path):
    client = make_app(DATABASE_URI=f"sqlite:///{tmp_path}/no/such/folder/clinic.db").test_client()
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    assert client.get("/health").json["data"]["parts"]["database"] == "down"


@pytest.mark.only("postgres")
def test_a_lost_redis_is_told(make_app, leg):
    relay = Relay(leg.redis_url)
    client = make_app(REDIS_URL=relay.url).test_client()
    assert client.get("/health").json["data"]["parts"]["redis"] == "ok"
    relay.cut()
    assert client.get("/health").json["data"]["parts"]["redis"].startswith("down")
    assert client.get("/health/live").status_code == 200


@pytest.mark.only("sqlite")
def test_a_proxy_that_is_not_trusted_is_told_in_production(make_app):
    app = make_app(
        APP_ENV="production",
        AUDIT_SEAL_KEY="a key that seals the log, and is long enough",
        ALLOWED_ORIGINS="https://clinic.example",
        FRONTEND_URL="https://clinic.example",
    )
    client = app.test_client()
    assert "proxy" not in client.get("/health").text
    client.get("/health/live", headers={"X-Forwarded-For": "203.0.113.9"})
    assert "proxy_misconfigured" in client.get("/health").text


def test_metrics_need_their_token(app, client, make_app):
    client.get(f"{API}/patients")
    for headers in ({}, bearer("wrong"), bearer(""), {"Authorization": "Basic test-metrics-token"}):
        assert client.get("/metrics", headers=headers).status_code == 404
    assert client.get("/metrics?token=test-metrics-token").status_code in (404, 422)
    answer = client.get("/metrics", headers=bearer("test-metrics-token"))
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert 'polyclinic_requests_total{method="GET",route="/api/v1/patients",status="401"}' in answer.text
    closed = make_app(METRICS_TOKEN="").test_client()
    assert closed.get("/metrics", headers=bearer("")).status_code == 404
    assert closed.get("/metrics").status_code == 404


def test_metrics_name_routes_and_no_ids(client, as_role):
    admin = as_role("admin")
    path = "0193a3c4-0000-7000-8000-00000000beef"
    admin.get(f"/patients/{path}")
    admin.open("BREW", "/patients")
    client.get("/some/unknown/place")
    text = client.get("/metrics", headers=bearer("test-metrics-token")).text
    assert path not in text
    assert "/some/unknown/place" not in text
    assert "BREW" not in text
