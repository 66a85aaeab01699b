"""Every forged token is 401 with a challenge, and a token in the address is no token."""

import base64
import contextlib
import hmac
import json
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.auth import signing
from tests.factories.people import API, bearer, make_user, sign_in
from tests.legs import SETTINGS

SECRET = SETTINGS["JWT_SECRET_KEY"]
# What signs the tokens of each family in these tests.
SIGNS_WITH = {
    "HS256": lambda: SECRET,
    "RS256": lambda: signing.key("rsa"),
    "EdDSA": lambda: signing.key("ed25519"),
}
ME = f"{API}/auth/me"


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def family_of(token):
    return jwt.get_unverified_header(token)["alg"]


def signed(token, *, key=None, algorithm=None, headers=None, without=(), **changes):
    """Sign a token like this one by its own key, with some claims or headers changed."""
    algorithm = algorithm or family_of(token)
    key = key or SIGNS_WITH[algorithm]()
    claims = {name: value for name, value in {**claims_of(token), **changes}.items() if name not in without}
    kept = {"kid": jwt.get_unverified_header(token)["kid"], **(headers or {})}
    return jwt.encode(claims, key, algorithm=algorithm, headers={k: v for k, v in kept.items() if v is not None})


def unsigned(token, algorithm, **headers):
    """Return the token with another algorithm named and no valid signature."""
    header = {**jwt.get_unverified_header(token), "alg": algorithm, **headers}
    return part(header), token.split(".")[1]


def hashed(parts, secret=SECRET, how="sha384"):
    """Sign the parts with a secret by hand; the library would warn of it."""
    signature = hmac.digest(secret if isinstance(secret, bytes) else secret.encode(), ".".join(parts).encode(), how)
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
    "another secret": lambda t: signed(t, key="another secret that is long enough for it", algorithm="HS256"),
    "another key of RSA": lambda t: signed(t, key=signing.key("rsa", 9), algorithm="RS256"),
    "another key of Ed25519": lambda t: signed(t, key=signing.key("ed25519", 9), algorithm="EdDSA"),
    "a longer hash of RSA": lambda t: signed(t, key=signing.key("rsa"), algorithm="RS512"),
    "padding of another kind": lambda t: signed(t, key=signing.key("rsa"), algorithm="PS256"),
    "a foreign kid": lambda t: signed(t, headers={"kid": "someone-else"}),
    "a kid that is a path": lambda t: signed(t, headers={"kid": "../../dev/null"}),
    "no kid": lambda t: signed(t, headers={"kid": None}),
    "jku": lambda t: signed(t, headers={"jku": "https://evil.example/keys"}),
    "jwk": lambda t: signed(t, headers={"jwk": {"kty": "oct", "k": "c2VjcmV0"}}),
    "x5u": lambda t: signed(t, headers={"x5u": "https://evil.example/cert"}),
    "x5c": lambda t: signed(t, headers={"x5c": ["MIIB"]}),
    "x5t": lambda t: signed(t, headers={"x5t": "c2VjcmV0"}),
    "a kid that is a list": lambda t: ".".join((*unsigned(t, family_of(t), kid=["x"]), t.split(".")[2])),
    "a kid that is an object": lambda t: ".".join((*unsigned(t, family_of(t), kid={"x": 1}), t.split(".")[2])),
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


def public_halves(key):
    """Yield a public key in every form that somebody may take for a secret."""
    public = key.public_key()
    for form in (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1, PublicFormat.Raw):
        for encoding in (Encoding.PEM, Encoding.DER, Encoding.Raw):
            with contextlib.suppress(ValueError, TypeError):
                whole = public.public_bytes(encoding, form)
                yield from (whole, whole.strip())


@pytest.mark.parametrize("family", ["RS256", "EdDSA"])
def test_forged_tokens_are_401_where_a_key_pair_signs(app, make_app, tmp_path, family):
    client = make_app(**signing.settings_of(tmp_path, family)).test_client()
    tokens = sign_in(client, make_user(app, "admin"))
    assert family_of(tokens.access) == family_of(tokens.refresh) == family
    forgeries = {name: make for name, make in FORGERIES.items() if name not in ("no token at all", "very long")}
    for number, half in enumerate(public_halves(SIGNS_WITH[family]())):
        forgeries[f"the public key as a secret, {number}"] = lambda t, half=half: hashed(
            unsigned(t, "HS256"), half, "sha256"
        )
    assert len(forgeries) > len(FORGERIES)
    assert client.get(ME, headers=bearer(signed(tokens.access))).status_code == 200  # by the key itself it is none
    taken = []
    for name, make in forgeries.items():
        answers = (
            client.get(ME, headers=bearer(make(tokens.access))),
            client.post(f"{API}/auth/refresh", json={"refresh_token": make(tokens.refresh)}),
        )
        taken += [(name, answer.status_code) for answer in answers if answer.status_code != 401]
        assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)
    assert taken == []
    assert client.get(ME, headers=tokens.headers).status_code == 200
    assert client.post(f"{API}/auth/refresh", json={"refresh_token": tokens.refresh}).status_code == 200


def test_a_token_of_the_family_before_is_401(app, client, make_app, tmp_path):
    user = make_user(app, "admin")
    by_secret = sign_in(client, user)
    others = [make_app(**signing.settings_of(tmp_path, family)).test_client() for family in ("RS256", "EdDSA")]
    by_pair = [sign_in(other, user) for other in others]
    for tokens, refuses in zip([by_secret, *by_pair], [others, [client, others[1]], [client, others[0]]], strict=True):
        for other in refuses:
            assert other.get(ME, headers=tokens.headers).status_code == 401
            refreshed = other.post(f"{API}/auth/refresh", json={"refresh_token": tokens.refresh})
            assert refreshed.status_code == 401


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
