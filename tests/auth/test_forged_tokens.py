"""Every forged token is 401 with a challenge, and a token in the address is no token."""

import base64
import hmac
import json
import time
import uuid

import jwt
import pytest

from tests.factories.people import API, bearer, make_user, sign_in
from tests.legs import SETTINGS

SECRET = SETTINGS["JWT_SECRET_KEY"]
ME = f"{API}/auth/me"


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def signed(token, *, key=SECRET, algorithm="HS256", headers=None, without=(), **changes):
    """Sign a token like this one, with some claims or headers changed."""
    claims = {name: value for name, value in {**claims_of(token), **changes}.items() if name not in without}
    kept = {"kid": jwt.get_unverified_header(token)["kid"], **(headers or {})}
    return jwt.encode(claims, key, algorithm=algorithm, headers={k: v for k, v in kept.items() if v is not None})


def unsigned(token, algorithm, **headers):
    """Return the token with another algorithm named and no valid signature."""
    header = {**jwt.get_unverified_header(token), "alg": algorithm, **headers}
    return part(header), token.split(".")[1]


def hashed(parts):
    """Sign the parts with our secret by another hash of the family; the library would warn of the key's length."""
    signature = hmac.digest(SECRET.encode(), ".".join(parts).encode(), "sha384")
    return ".".join((*parts, part(signature)))


def flip(text, position):
    """Change one letter."""
    return text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]


FORGERIES = {
    "alg none without a signature": lambda t: ".".join((*unsigned(t, "none"), "")),
    "alg None in other letters": lambda t: ".".join((*unsigned(t, "NoNe"), "")),
    "alg none with the old signature": lambda t: ".".join((*unsigned(t, "none"), t.split(".")[2])),
    "another family": lambda t: ".".join((*unsigned(t, "RS256"), part(b"x" * 256))),
    "another family, elliptic": lambda t: ".".join((*unsigned(t, "ES256"), part(b"x" * 64))),
    "another family, edwards": lambda t: ".".join((*unsigned(t, "EdDSA"), part(b"x" * 64))),
    "another member of the family": lambda t: signed(t, key=SECRET * 2, algorithm="HS512"),
    "our secret under another algorithm": lambda t: hashed(unsigned(t, "HS384")),
    "an unknown algorithm": lambda t: ".".join((*unsigned(t, "HS257"), t.split(".")[2])),
    "another secret": lambda t: signed(t, key="another secret that is long enough for it"),
    "a foreign kid": lambda t: signed(t, headers={"kid": "someone-else"}),
    "a kid that is a path": lambda t: signed(t, headers={"kid": "../../dev/null"}),
    "no kid": lambda t: signed(t, headers={"kid": None}),
    "jku": lambda t: signed(t, headers={"jku": "https://evil.example/keys"}),
    "jwk": lambda t: signed(t, headers={"jwk": {"kty": "oct", "k": "c2VjcmV0"}}),
    "x5u": lambda t: signed(t, headers={"x5u": "https://evil.example/cert"}),
    "a critical header": lambda t: signed(t, headers={"crit": ["exp"]}),
    "another typ": lambda t: signed(t, headers={"typ": "at+jwt"}),
    "another payload": lambda t: ".".join(
        (t.split(".")[0], part({**claims_of(t), "sub": str(uuid.uuid4())}), t.split(".")[2])
    ),
    "another letter in the payload": lambda t: ".".join((t.split(".")[0], flip(t.split(".")[1], 20), t.split(".")[2])),
    "another letter in the signature": lambda t: ".".join((*t.split(".")[:2], flip(t.split(".")[2], 5))),
    "a shorter signature": lambda t: t[:-4],
    "no signature": lambda t: ".".join((*t.split(".")[:2], "")),
    "another issuer": lambda t: signed(t, iss="somebody"),
    "no issuer": lambda t: signed(t, without=["iss"]),
    "another audience": lambda t: signed(t, aud="somebody"),
    "no audience": lambda t: signed(t, without=["aud"]),
    "expired": lambda t: signed(t, exp=int(time.time()) - 5),
    "not yet valid": lambda t: signed(t, nbf=int(time.time()) + 60),
    "a subject that is no UUID": lambda t: signed(t, sub="admin"),
    "no subject": lambda t: signed(t, without=["sub"]),
    "another user": lambda t: signed(t, sub=str(uuid.uuid4())),
    "a session that is no UUID": lambda t: signed(t, sid="1"),
    "a session that is a list": lambda t: signed(t, sid=["1"]),
    "no session": lambda t: signed(t, without=["sid"]),
    "an unknown session": lambda t: signed(t, sid=str(uuid.uuid4())),
    "an unknown type": lambda t: signed(t, type="reset"),
    "no token at all": lambda _t: "",
    "one word": lambda _t: "nonsense",
    "dots": lambda _t: "...",
    "three empty objects": lambda _t: ".".join([part({})] * 3),
    "no JSON": lambda _t: ".".join([part(b"\xff\xfe{")] * 3),
    "very long": lambda t: t + "A" * 6000,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_access_token_is_401(app, client, forgery):
    tokens = sign_in(client, make_user(app, "admin"))
    assert client.get(ME, headers=tokens.headers).status_code == 200
    forged = FORGERIES[forgery](tokens.access)
    answer = client.get(ME, headers=bearer(forged))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["code"] in ("invalid_token", "unauthorized")
    assert answer.content_type == "application/problem+json"


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("forgery", [name for name in FORGERIES if name not in ("no token at all", "very long")])
def test_a_forged_refresh_token_is_401_and_harms_no_session(app, client, forgery):
    tokens = sign_in(client, make_user(app, "admin"))
    forged = FORGERIES[forgery](tokens.refresh)
    answer = client.post(f"{API}/auth/refresh", json={"refresh_token": forged})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert client.get(ME, headers=tokens.headers).status_code == 200
    assert client.post(f"{API}/auth/refresh", json={"refresh_token": tokens.refresh}).status_code == 200


@pytest.mark.parametrize("gen", [0, -1, 2, 10**6, 10**30, "1", True, 1.0, None])
def test_a_generation_that_was_never_given_renews_nothing(app, client, gen):
    tokens = sign_in(client, make_user(app, "admin"))
    answer = client.post(f"{API}/auth/refresh", json={"refresh_token": signed(tokens.refresh, gen=gen)})
    assert answer.status_code == 401


def test_one_session_does_not_lend_itself_to_another_user(app, client):
    admin, clerk = make_user(app, "admin"), make_user(app, "cashier")
    theirs, mine = sign_in(client, admin), sign_in(client, clerk)
    crossed = signed(mine.access, sub=str(admin.id))
    assert client.get(ME, headers=bearer(crossed)).status_code == 401
    crossed = signed(mine.access, sid=theirs.session_id)
    assert client.get(ME, headers=bearer(crossed)).status_code == 401


def test_a_token_in_the_address_is_no_token(app, client):
    tokens = sign_in(client, make_user(app, "admin"))
    for name in ("access_token", "token", "jwt", "Authorization"):
        assert client.get(ME, query_string={name: tokens.access}).status_code == 401
    assert client.get(ME, headers={"Cookie": f"access_token_cookie={tokens.access}"}).status_code == 401


@pytest.mark.parametrize("value", ["Basic YWRtaW46eA==", "Bearer", "Token x", "bearer", "Bearer a b c", "\xe9\xe9 x"])
def test_another_authorization_is_401(client, value):
    answer = client.get(ME, headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
