"""Keys that sign tokens: which are taken, what is shown of them, and that those before and after are accepted."""

import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path

import jwt
import pytest

from server import create_app
from server.config import SettingsError, load_settings
from tests.auth import signing
from tests.auth.signing import key, private_pem, public_pem, written
from tests.factories.people import API, make_user, sign_in
from tests.legs import ROOT

JWKS = "/.well-known/jwks.json"
ME = f"{API}/auth/me"
SECRETS = ("the secret of last year with 32 bytes or more", "the secret of this year with 32 bytes or more")


def shown(app):
    answer = app.test_client().get(JWKS)
    assert answer.status_code == 200
    return answer.json["keys"]


def reads(app, tokens):
    """Tell whether an application accepts tokens of another, the access and the refresh token alike."""
    client = app.test_client()
    is_read = client.get(ME, headers=tokens.headers).status_code == 200
    renewed = client.post(f"{API}/auth/refresh", json={"refresh_token": tokens.refresh}).status_code == 200
    assert is_read == renewed
    return is_read


@pytest.mark.parametrize("family", ["RS256", "EdDSA"])
def test_the_public_keys_are_shown_and_check_tokens(app, make_app, tmp_path, family):
    settings = signing.settings_of(tmp_path, family)
    other = written(tmp_path, "next.pem", public_pem(key(signing.KINDS[family], 1)))
    signer = make_app(**settings, JWT_PREVIOUS_KEY_FILES=other)
    answer = signer.test_client().get(JWKS)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    keys = answer.json["keys"]
    assert len({one["kid"] for one in keys}) == 2
    assert {(one["alg"], one["use"]) for one in keys} == {(family, "sig")}
    secret_parts = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert not any(secret_parts & one.keys() for one in keys)
    token = sign_in(signer.test_client(), make_user(app, "doctor")).access
    found = jwt.PyJWKSet.from_dict(answer.json)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, found, algorithms=[family], audience="polyclinic-api", issuer="polyclinic")
    assert "sid" in claims


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("family", ["RS256", "EdDSA"])
def test_a_key_is_named_by_its_thumbprint(make_app, tmp_path, family):
    (one,) = shown(make_app(**signing.settings_of(tmp_path, family)))
    required = {name: one[name] for name in (("e", "kty", "n") if family == "RS256" else ("crv", "kty", "x"))}
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    assert one["kid"] == urlsafe_b64encode(hashlib.sha256(canonical).digest()).decode().rstrip("=")


def test_where_a_secret_signs_there_are_no_public_keys(client):
    answer = client.get(JWKS)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.only("sqlite")
def test_the_same_key_twice_is_shown_once(make_app, tmp_path):
    settings = signing.settings_of(tmp_path, "EdDSA")
    again = written(tmp_path, "again.pem", public_pem(key("ed25519")))
    assert len(shown(make_app(**settings, JWT_PREVIOUS_KEY_FILES=f"{again},{settings['JWT_PRIVATE_KEY_FILE']}"))) == 1


@pytest.mark.parametrize("family", ["HS256", "RS256", "EdDSA"])
def test_the_three_steps_of_a_rotation(app, make_app, tmp_path, family):
    user = make_user(app, "doctor")
    before, accepting, signing_new, dropped = (make_app(**step) for step in steps(tmp_path, family))
    old = [sign_in(maker.test_client(), user) for maker in (before, before, accepting)]
    new = [sign_in(maker.test_client(), user) for maker in (signing_new, signing_new, dropped)]
    assert len({jwt.get_unverified_header(tokens.access)["kid"] for tokens in old}) == 1
    assert len({jwt.get_unverified_header(tokens.access)["kid"] for tokens in (*old, *new)}) == 2
    assert reads(signing_new, old[0])
    assert not reads(dropped, old[1])
    assert reads(accepting, old[1])
    assert not reads(before, new[0])
    assert reads(accepting, new[0])
    assert reads(signing_new, new[2])
    assert reads(dropped, new[1])


def steps(folder, family):
    """Return the settings before a rotation and after each of its steps."""
    if family == "HS256":
        old, new = SECRETS
        first, second = {"JWT_SECRET_KEY": old}, {"JWT_SECRET_KEY": new}
        return (
            first,
            first | {"JWT_PREVIOUS_SECRET_KEYS": new},
            second | {"JWT_PREVIOUS_SECRET_KEYS": old},
            second,
        )
    first, second = (signing.settings_of(folder, family, number) for number in (0, 1))
    halves = [written(folder, f"{n}.pub", public_pem(key(signing.KINDS[family], n))) for n in (0, 1)]
    return (
        first,
        first | {"JWT_PREVIOUS_KEY_FILES": halves[1]},
        second | {"JWT_PREVIOUS_KEY_FILES": halves[0]},
        second,
    )


NO_KEYS = {
    "no file": lambda _folder: "/nowhere/key.pem",
    "a folder": str,
    "an empty file": lambda folder: written(folder, "key", b""),
    "no PEM": lambda folder: written(folder, "key", b"secret-in-a-file\xff"),
    "half a PEM": lambda folder: written(folder, "key", private_pem(key("rsa"))[:400]),
    "a short RSA key": lambda folder: written(folder, "key", private_pem(key("short rsa"))),
    "an elliptic key": lambda folder: written(folder, "key", private_pem(key("ec"))),
    "an Ed448 key": lambda folder: written(folder, "key", private_pem(key("ed448"))),
}
FOREIGN = {"RS256": "ed25519", "EdDSA": "rsa"}


@pytest.mark.parametrize("what", [*NO_KEYS, "a key of the other family"])
@pytest.mark.parametrize("name", ["JWT_PRIVATE_KEY_FILE", "JWT_PREVIOUS_KEY_FILES"])
@pytest.mark.parametrize("family", ["RS256", "EdDSA"])
def test_what_is_no_key_of_the_family_stops_the_boot(tmp_path, family, name, what):
    make = NO_KEYS.get(what) or (lambda folder: written(folder, "key", private_pem(key(FOREIGN[family]))))
    refused(tmp_path, {**signing.settings_of(tmp_path, family), name: make(tmp_path)}, name)


def refused(folder: Path, changes, name):
    """Hold a start to naming the setting, and to showing nothing of what the file holds."""
    environ = {"INSTANCE_DIR": str(folder), "AUDIT_SEAL_KEY": "x" * 40, **changes}
    with pytest.raises(SettingsError, match=f"^{name}: ") as caught:
        create_app(load_settings(environ))
    assert "secret-in-a-file" not in str(caught.value)
    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"JWT_ALGORITHM": "ES256"}, "JWT_ALGORITHM"),
        ({"JWT_ALGORITHM": "none"}, "JWT_ALGORITHM"),
        ({"JWT_ALGORITHM": "RS256"}, "JWT_PRIVATE_KEY_FILE"),
        ({"JWT_ALGORITHM": "EdDSA", "JWT_SECRET_KEY": SECRETS[0]}, "JWT_PRIVATE_KEY_FILE"),
        ({"JWT_PRIVATE_KEY_FILE": "key.pem"}, "JWT_PRIVATE_KEY_FILE"),
        ({"JWT_PREVIOUS_KEY_FILES": "key.pem"}, "JWT_PREVIOUS_KEY_FILES"),
        ({"JWT_PREVIOUS_SECRET_KEYS": f"{SECRETS[0]},short"}, "JWT_PREVIOUS_SECRET_KEYS"),
    ],
)
def test_settings_that_contradict_each_other_stop_the_boot(tmp_path, changes, name):
    refused(tmp_path, changes, name)


@pytest.mark.only("sqlite")
def test_a_public_key_cannot_sign(tmp_path):
    half = written(tmp_path, "half", public_pem(key("rsa")))
    refused(tmp_path, {"JWT_ALGORITHM": "RS256", "JWT_PRIVATE_KEY_FILE": half}, "JWT_PRIVATE_KEY_FILE")


@pytest.mark.only("sqlite")
def test_secrets_of_before_do_not_go_with_a_key_pair(tmp_path):
    settings = {**signing.settings_of(tmp_path, "RS256"), "JWT_PREVIOUS_SECRET_KEYS": SECRETS[0]}
    refused(tmp_path, settings, "JWT_PREVIOUS_SECRET_KEYS")


@pytest.mark.only("sqlite")
def test_production_needs_no_secret_where_a_key_pair_signs(tmp_path):
    production = {
        "APP_ENV": "production",
        "DATABASE_URI": "postgresql://clinic:hunter2@db.internal/clinic",
        "AUDIT_SEAL_KEY": "a9b8c7d6e5f4031221304f5e6d7c8b9a",
        "ALLOWED_ORIGINS": "https://clinic.example",
        "FRONTEND_URL": "https://clinic.example",
        "INSTANCE_DIR": str(tmp_path),
    }
    settings = load_settings({**production, **signing.settings_of(tmp_path, "RS256")})
    assert settings.jwt_secret_key == ""
    assert not (tmp_path / "jwt_secret").exists()
    with pytest.raises(SettingsError, match="JWT_SECRET_KEY"):
        load_settings(production)


@pytest.mark.only("sqlite")
def test_every_setting_of_keys_is_explained():
    explained = (ROOT / ".env.example").read_text()
    for name in ("JWT_ALGORITHM", "JWT_PRIVATE_KEY_FILE", "JWT_PREVIOUS_KEY_FILES", "JWT_PREVIOUS_SECRET_KEYS"):
        assert f"\n{name}=" in explained
