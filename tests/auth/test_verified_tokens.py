"""A token that comes again is not verified again; what time, sign-out and new keys take away is gone all the same."""

import uuid

import jwt as pyjwt
import pytest
from flask import Flask

from server.modules.auth import keys, verified
from server.modules.auth.verified import Access, VerifiedTokens
from tests.factories.people import API, bearer, make_user, sign_in, signed_in

ME = f"{API}/auth/me"


@pytest.fixture
def checked(monkeypatch):
    """Give the list that grows by one with each token whose signature is checked."""
    seen: list[str] = []
    original = pyjwt.PyJWS.decode_complete

    def decode_complete(self, token, *args, **kwargs):
        seen.append(token)
        return original(self, token, *args, **kwargs)

    monkeypatch.setattr(pyjwt.PyJWS, "decode_complete", decode_complete)
    return seen


def kept(app: Flask) -> VerifiedTokens:
    with app.app_context():
        return keys.ring().verified


def test_a_token_is_verified_once(as_role, checked):
    nurse = as_role("nurse")
    assert [nurse.get("/auth/me").status_code for _ in range(2)] == [200, 200]
    before = len(checked)
    assert before
    assert [nurse.get("/auth/me").status_code for _ in range(3)] == [200] * 3
    assert len(checked) == before
    assert nurse.get("/auth/verify-token").json["data"]["user_id"] == str(nurse.user.id)


def test_a_kept_token_ends_with_its_time(as_role, clock):
    nurse = as_role("nurse")
    expires_at = pyjwt.decode(nurse.tokens.access, options={"verify_signature": False})["exp"]
    assert nurse.get("/auth/me").status_code == 200
    clock.move_to(expires_at - 0.5)
    assert nurse.get("/auth/me").status_code == 200
    clock.move_to(expires_at)
    assert nurse.get("/auth/me").status_code == 401
    clock.move_to(expires_at - 3600)  # before it was made
    assert nurse.get("/auth/me").status_code == 401


def test_a_kept_token_ends_with_its_session(as_role):
    nurse = as_role("nurse")
    assert nurse.get("/auth/me").status_code == 200
    assert nurse.post("/auth/logout", json={}).status_code in (200, 204)
    assert nurse.get("/auth/me").status_code == 401


def test_what_was_verified_is_forgotten_with_the_keys(app, make_app):
    own = make_app()
    tokens = sign_in(own.test_client(), make_user(app, "nurse"))
    assert own.test_client().get(ME, headers=tokens.headers).status_code == 200
    assert len(kept(own)) == 1
    changed = make_app(JWT_SECRET_KEY="another-secret-that-is-long-enough-for-hs256")
    own.extensions["keys"] = changed.extensions["keys"]
    assert len(kept(own)) == 0
    assert own.test_client().get(ME, headers=tokens.headers).status_code == 401


def test_what_is_not_an_access_token_of_ours_is_never_kept(app, make_app):
    own = make_app()
    client, tokens = own.test_client(), signed_in(app, "nurse").tokens
    head, body, signature = tokens.access.split(".")
    altered = [tokens.refresh, f"{head}.{body}.{signature[::-1]}", f"{head}.{body}.", "x", ""]
    for token in altered:
        assert client.get(ME, headers=bearer(token)).status_code == 401
    assert len(kept(own)) == 0
    assert client.get(ME, headers=tokens.headers).status_code == 200
    for token in altered:
        assert client.get(ME, headers=bearer(token)).status_code == 401
    assert len(kept(own)) == 1


def test_the_tokens_kept_are_bounded_and_hold_no_token(monkeypatch):
    monkeypatch.setattr(verified, "MOST_TOKENS", 100)
    tokens = VerifiedTokens()
    access = Access(uuid.uuid4(), uuid.uuid4(), 0, 2**33)
    for number in range(1000):
        tokens.keep(f"token-{number}", access)
        assert len(tokens) <= 100
    assert tokens.find("token-999") is access
    assert tokens.find("token-900") is access
    assert tokens.find("token-899") is None
    assert not any(b"token" in digest for digest in tokens._kept)
