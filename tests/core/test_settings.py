"""A wrong setting stops the boot and names itself; its value is never shown."""

import os
import subprocess
import sys

import pytest

from server import create_app
from server.config import SettingsError, load_settings
from tests.legs import ROOT

SECRET = "3d9f1c2ab7e84f6590a1b2c3d4e5f607"
DEVELOPMENT = {"JWT_SECRET_KEY": SECRET}
PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URI": "postgresql://clinic:hunter2@db.internal/clinic",
    "JWT_SECRET_KEY": SECRET,
    "AUDIT_SEAL_KEY": "a9b8c7d6e5f4031221304f5e6d7c8b9a",
    "ALLOWED_ORIGINS": "https://clinic.example",
    "FRONTEND_URL": "https://clinic.example",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "prod-value"),
        ("API_PREFIX", "no-slash-value"),
        ("DATABASE_URI", "mysql://root:hunter2@db/clinic"),
        ("DATABASE_POOL_SIZE", "many-value"),
        ("DATABASE_POOL_SIZE", "0"),
        ("JWT_SECRET_KEY", "too-short-value"),
        ("ACCESS_TOKEN_MINUTES", "0"),
        ("ACCESS_TOKEN_MINUTES", "ten-value"),
        ("REFRESH_GRACE_SECONDS", "-1"),
        ("BCRYPT_ROUNDS", "3"),
        ("BCRYPT_ROUNDS", "31"),
        ("FRONTEND_URL", "not-a-url-value"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "all-value"),
        ("METRICS_TOKEN", "short-value"),
        ("LOG_LEVEL", "LOUD-VALUE"),
        ("CLINIC_TIMEZONE", "Mars/Olympus-value"),
        ("CLINIC_COUNTRY", "ZZ"),
        ("CLINIC_CURRENCY", "ZZZ"),
        ("SMTP_URL", "http://mail.internal:hunter2"),
        ("WEB_CONCURRENCY", "0"),
        ("RATE_SIGN_IN", "often-value"),
        ("RATE_LIMITS_FACTOR", "0"),
    ],
)
def test_a_bad_setting_names_itself_and_not_its_value(tmp_path, name, value):
    environ = {**DEVELOPMENT, "INSTANCE_DIR": str(tmp_path), name: value}
    with pytest.raises(SettingsError) as caught:
        create_app(load_settings(environ))
    assert name in str(caught.value)
    assert value in ("0", "-1", "3", "31", "ZZ", "ZZZ") or value not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_two_bad_settings_are_both_named():
    with pytest.raises(SettingsError, match=r"(?s)(?=.*BCRYPT_ROUNDS)(?=.*CLINIC_CURRENCY)"):
        load_settings({**DEVELOPMENT, "BCRYPT_ROUNDS": "x", "CLINIC_CURRENCY": "x"})


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "APP_ENV"])
def test_production_assumes_nothing(name):
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings({key: value for key, value in PRODUCTION.items() if key != name})
    assert not any(secret in str(caught.value) for secret in (SECRET, PRODUCTION["AUDIT_SEAL_KEY"], "hunter2"))


def test_production_with_all_of_it_starts(tmp_path):
    settings = load_settings({**PRODUCTION, "INSTANCE_DIR": str(tmp_path)})
    assert settings.is_production
    assert settings.database_uri.startswith("postgresql+psycopg://")


@pytest.mark.parametrize("secret", ["x" * 32, "changeme" * 4, "short"])
def test_production_refuses_a_secret_that_is_none(secret):
    with pytest.raises(SettingsError, match="JWT_SECRET_KEY"):
        load_settings({**PRODUCTION, "JWT_SECRET_KEY": secret})


def test_several_workers_need_redis():
    with pytest.raises(SettingsError, match="REDIS_URL"):
        load_settings({**DEVELOPMENT, "WEB_CONCURRENCY": "2"})
    assert load_settings({**DEVELOPMENT, "WEB_CONCURRENCY": "2", "REDIS_URL": "redis://x"}).web_concurrency == 2


@pytest.mark.parametrize("name", ["DATABASE_URI", "DATABASE_URL", "SUPABASE_URI"])
@pytest.mark.parametrize("scheme", ["postgresql://", "postgres://", "postgresql+psycopg://"])
def test_the_database_has_three_names_and_plain_urls(name, scheme):
    settings = load_settings({**DEVELOPMENT, name: f"{scheme}u:p@h/d"})
    assert settings.database_uri == "postgresql+psycopg://u:p@h/d"


def test_the_first_name_of_the_database_wins():
    both = {"DATABASE_URI": "sqlite:////tmp/first.db", "DATABASE_URL": "sqlite:////tmp/second.db"}
    assert load_settings({**DEVELOPMENT, **both}).database_uri.endswith("first.db")


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(f"CLINIC_NAME=From the file\nCLINIC_CURRENCY=EUR\nJWT_SECRET_KEY={SECRET}\n")
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("CLINIC_", "JWT_", "APP_ENV", "DATABASE_", "REDIS_", "INSTANCE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLINIC_NAME", "From the environment")
    settings = load_settings()
    assert (settings.clinic_name, settings.clinic_currency) == ("From the environment", "EUR")


def test_development_keeps_a_random_secret_that_only_its_owner_reads(tmp_path):
    first, second = (load_settings({"INSTANCE_DIR": str(tmp_path)}) for _ in range(2))
    assert first.jwt_secret_key == second.jwt_secret_key
    assert len(first.jwt_secret_key) >= 32
    assert (tmp_path / "jwt_secret").stat().st_mode & 0o077 == 0
    assert load_settings({"INSTANCE_DIR": str(tmp_path / "other")}).jwt_secret_key != first.jwt_secret_key


def test_settings_do_not_print_their_secrets():
    shown = repr(load_settings({**PRODUCTION, "SMTP_URL": "smtp://me:hunter3@mail.internal:587"}))
    assert not any(secret in shown for secret in (SECRET, PRODUCTION["AUDIT_SEAL_KEY"], "hunter2", "hunter3"))


@pytest.mark.slow
def test_the_server_does_not_start_without_what_production_needs(tmp_path):
    environ = {key: value for key, value in PRODUCTION.items() if key != "AUDIT_SEAL_KEY"}
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env={**environ, "INSTANCE_DIR": str(tmp_path), "PATH": os.environ.get("PATH", os.defpath)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "AUDIT_SEAL_KEY" in done.stderr
    assert SECRET not in done.stderr
    assert "hunter2" not in done.stderr
