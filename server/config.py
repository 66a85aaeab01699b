"""Read the settings from the environment once, check them, and refuse to start on a bad one.

Each setting is declared once, as a dataclass field that carries the marshmallow field which parses it. The names in the
environment are the upper-case names; `.env.example` explains each of them.
"""

from __future__ import annotations

import os
import re
import secrets
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, fields as dataclass_fields
from pathlib import Path
from typing import Any

import limits
import pycountry
from dotenv import dotenv_values
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from server.core.access import Role

ALIASES = {"DATABASE_URI": ("DATABASE_URL", "SUPABASE_URI")}
MIN_SECRET_BYTES = 32
# A schedule, how many refills it allows, and within how many days.
RefillRule = tuple[str, int, int | None]


class SettingsError(RuntimeError):
    """A setting is missing or wrong; the message names it and says what was expected, never its value."""


def setting(parser: fields.Field[Any], default: Any) -> Any:
    """Declare one setting: how its text is parsed and what it is without any."""
    # Never shown: settings hold secrets, and an object that is printed somewhere ends in a log.
    return field(default=default, repr=False, metadata={"parser": parser})


def _one_of(*choices: str) -> fields.String:
    return fields.String(validate=validate.OneOf(choices))


def _number(low: int, high: int | None = None) -> fields.Integer:
    return fields.Integer(validate=validate.Range(low, high))


def _known_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError("expected an IANA time zone such as Europe/Berlin")


def _known_country(code: str) -> None:
    if pycountry.countries.get(alpha_2=code) is None:
        raise ValidationError("expected an ISO 3166 country code such as US")


def _known_currency(code: str) -> None:
    if pycountry.currencies.get(alpha_3=code) is None:
        raise ValidationError("expected an ISO 4217 currency code such as USD")


def _readable_rate(text: str) -> None:
    try:
        limits.parse(text)
    except ValueError:
        raise ValidationError("expected a rate such as 60 per minute") from None


def _rate() -> fields.String:
    return fields.String(validate=_readable_rate)


class _Words(fields.Field[tuple[str, ...]]):
    """A comma-separated list."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> tuple[str, ...]:
        return tuple(word.strip() for word in str(value).split(",") if word.strip())


class _Refills(fields.Field[tuple[RefillRule, ...]]):
    """By schedule how many refills there are at most, and within how many days: `II=0,III=5/180`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> tuple[RefillRule, ...]:
        rules: list[RefillRule] = []
        for word in filter(None, (part.strip() for part in str(value).split(","))):
            found = re.fullmatch(r"(II|III|IV|V)=(\d{1,2})(?:/(\d{1,4}))?", word, re.ASCII)
            if found is None:
                raise ValidationError("expected refills, and days, by schedule: II=0,III=5/180,IV=5/180")
            rules.append((found[1], int(found[2]), int(found[3]) if found[3] else None))
        return tuple(rules)


def _origins(words: tuple[str, ...]) -> None:
    for word in words:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?", word):
            raise ValidationError("expected origins such as https://app.example.org, comma separated, none by pattern")


def _roles_or_none(words: tuple[str, ...]) -> None:
    if words != ("none",) and not set(words) <= set(Role):
        raise ValidationError(f"expected none, or some of {', '.join(Role)}, comma separated")


def _folder_or_bucket(url: str) -> None:
    if "://" in url and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._/-]*)?", url):
        raise ValidationError("expected a folder, or s3://bucket/prefix")


def _scanner_url(url: str) -> None:
    if not re.fullmatch(r"tcp://([A-Za-z0-9.-]+|\[[0-9a-f:]+\]):[0-9]{1,5}|unix:///.+", url):
        raise ValidationError("expected tcp://host:3310 or unix:///path/of/the/socket")


def _redis_url(url: str) -> None:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValidationError("expected redis://..., rediss://... or unix://...")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that an operator can set; one instance per application."""

    app_env: str = setting(_one_of("development", "testing", "production"), "development")
    instance_dir: str = setting(fields.String(), "instance")
    api_prefix: str = setting(fields.String(validate=validate.Regexp(r"^/[a-z0-9/-]*[a-z0-9]$")), "/api/v1")
    database_uri: str = setting(fields.String(), "")
    redis_url: str | None = setting(fields.String(validate=_redis_url), None)
    web_concurrency: int = setting(_number(1, 64), 1)
    database_pool_size: int = setting(_number(1, 200), 10)

    jwt_algorithm: str = setting(_one_of("HS256", "RS256", "EdDSA"), "HS256")
    jwt_secret_key: str = setting(fields.String(), "")
    jwt_previous_secret_keys: tuple[str, ...] = setting(_Words(), ())
    jwt_private_key_file: str = setting(fields.String(), "")
    jwt_previous_key_files: tuple[str, ...] = setting(_Words(), ())
    jwt_issuer: str = setting(fields.String(), "polyclinic")
    jwt_audience: str = setting(fields.String(), "polyclinic-api")
    access_token_minutes: int = setting(_number(1, 60), 10)
    refresh_grace_seconds: int = setting(_number(0, 60), 10)
    staff_idle_minutes: int = setting(_number(1), 30)
    staff_session_hours: int = setting(_number(1), 12)
    patient_idle_days: int = setting(_number(1), 15)
    patient_session_days: int = setting(_number(1), 30)
    invitation_hours: int = setting(_number(1), 24)
    verification_hours: int = setting(_number(1), 24)
    reset_minutes: int = setting(_number(1), 30)
    glass_minutes: int = setting(_number(1, 1440), 60)
    password_hasher: str = setting(_one_of("bcrypt", "argon2id"), "bcrypt")
    bcrypt_rounds: int = setting(_number(4, 20), 12)
    password_hash_slots: int = setting(_number(1, 64), 4)
    audit_seal_key: str = setting(fields.String(), "")
    audit_seal_previous_keys: tuple[str, ...] = setting(_Words(), ())
    audit_heads_file: str = setting(fields.String(), "")
    audit_archive_dir: str = setting(fields.String(), "")
    audit_retention_days: int = setting(_number(0), 0)
    secrets_key: str = setting(fields.String(), "")
    secrets_previous_keys: tuple[str, ...] = setting(_Words(), ())

    sign_in_tries_per_account: int = setting(_number(1), 10)
    sign_in_tries_per_address: int = setting(_number(1), 20)
    sign_in_tries_minutes: int = setting(_number(1, 1440), 5)
    sign_in_lock_after: int = setting(_number(1), 100)
    mfa_required_roles: tuple[str, ...] = setting(_Words(validate=_roles_or_none), ())

    allowed_origins: tuple[str, ...] = setting(_Words(validate=_origins), ())
    frontend_url: str = setting(fields.Url(require_tld=False, schemes={"http", "https"}), "http://localhost:3000")
    trusted_proxies: int = setting(_number(0, 10), 0)
    docs_enabled: bool = setting(fields.Boolean(), True)
    metrics_token: str | None = setting(fields.String(validate=validate.Length(min=16)), None)
    log_level: str = setting(_one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")

    # Where the API itself is reached from outside, for calendar feeds and the examples at `/`; empty: as called.
    public_url: str = setting(fields.Url(require_tld=False, schemes={"http", "https"}), "")
    booking_horizon_days: int = setting(_number(1, 730), 180)
    booking_lead_minutes: int = setting(_number(0, 43_200), 60)
    cancel_notice_hours: int = setting(_number(0, 720), 24)
    no_show_grace_minutes: int = setting(_number(0, 240), 15)
    # After how many hours from its end an appointment that nobody attended to is a no-show; 0 leaves it as it is.
    no_show_sweep_hours: int = setting(_number(0, 720), 12)
    hold_minutes: int = setting(_number(1, 120), 10)
    offer_minutes: int = setting(_number(1, 1_440), 30)

    prescription_days: int = setting(_number(1, 730), 90)
    controlled_prescription_days: int = setting(_number(1, 730), 30)
    # Whether one person prepares what another hands out.
    dispense_two_persons: bool = setting(fields.Boolean(), False)
    # 21 CFR 1306.12 and 1306.22: none of schedule II, five within six months of III and IV.
    controlled_refills: tuple[RefillRule, ...] = setting(_Refills(), (("II", 0, None), ("III", 5, 180), ("IV", 5, 180)))

    # How many days ahead people are warned of what expires in stock.
    expiry_warning_days: int = setting(_number(0, 3650), 30)

    clinic_name: str = setting(fields.String(), "Polyclinic")
    clinic_timezone: str = setting(fields.String(validate=_known_zone), "UTC")
    clinic_country: str = setting(fields.String(validate=_known_country), "US")
    clinic_currency: str = setting(fields.String(validate=_known_currency), "USD")

    smtp_url: str | None = setting(fields.Url(require_tld=False, schemes={"smtp", "smtps"}), None)
    mail_from: str = setting(fields.String(), "no-reply@polyclinic.example")
    mail_dir: str = setting(fields.String(), "")

    # Where the files lie that people send: a folder, or s3://bucket/prefix; empty: `files` in the instance folder.
    file_storage_url: str = setting(fields.String(validate=_folder_or_bucket), "")
    file_storage_endpoint: str = setting(fields.Url(require_tld=False, schemes={"http", "https"}), "")
    file_storage_region: str = setting(fields.String(), "")
    file_storage_key_id: str = setting(fields.String(), "")
    file_storage_secret_key: str = setting(fields.String(), "")
    clamd_url: str | None = setting(fields.String(validate=_scanner_url), None)

    embedded_jobs: bool = setting(fields.Boolean(), True)

    rate_read: str = setting(_rate(), "1200 per minute")
    rate_write: str = setting(_rate(), "300 per minute")
    rate_lookup: str = setting(_rate(), "60 per minute")
    rate_sign_in: str = setting(_rate(), "300 per minute")
    rate_link: str = setting(_rate(), "60 per minute")
    rate_refresh: str = setting(_rate(), "600 per minute")
    rate_upload: str = setting(_rate(), "60 per minute")
    rate_print: str = setting(_rate(), "60 per minute")
    rate_limits_factor: int = setting(_number(1, 100_000), 1)

    @property
    def is_production(self) -> bool:
        """Whether the stricter rules of production apply."""
        return self.app_env == "production"

    @property
    def signs_by_secret(self) -> bool:
        """Whether tokens are signed by a secret, not by a key pair."""
        return self.jwt_algorithm == "HS256"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The clinic's time zone, by which its wall clock and its "today" go."""
        return zoneinfo.ZoneInfo(self.clinic_timezone)

    @property
    def mfa_roles(self) -> frozenset[str]:
        """The roles whose holders must have a second factor."""
        default = ("admin", "doctor", "pharmacist") if self.is_production else ()
        return frozenset(self.mfa_required_roles or default) - {"none"}

    @property
    def instance_path(self) -> Path:
        """Where the embedded set-up keeps its data."""
        return Path(self.instance_dir).resolve()

    @property
    def audit_heads_path(self) -> Path:
        """Where the heads of the audit log's seals are kept, outside the database."""
        return Path(self.audit_heads_file or self.instance_path / "audit_heads.log").resolve()

    @property
    def audit_archive_path(self) -> Path:
        """Where the audit log's retired rows go."""
        return Path(self.audit_archive_dir or self.instance_path / "audit_archive").resolve()

    @property
    def mail_path(self) -> Path:
        """Where mails land when no SMTP server is set."""
        return Path(self.mail_dir).resolve() if self.mail_dir else self.instance_path / "mail"

    @property
    def file_path(self) -> Path:
        """Where files lie that people send, if in a folder."""
        return Path(self.file_storage_url).resolve() if self.file_storage_url else self.instance_path / "files"


_SCHEMA = Schema.from_dict({f.name.upper(): f.metadata["parser"] for f in dataclass_fields(Settings)})


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the checked settings of `environ`, or of the process and its `.env` file (the process wins)."""
    if environ is None:
        environ = {k: v for k, v in {**dotenv_values(".env"), **os.environ}.items() if v is not None}
    given = {name: value for name, value in environ.items() if value != ""}
    for name, others in ALIASES.items():
        for other in others:
            if name not in given and other in given:
                given[name] = given[other]
    try:
        parsed = _SCHEMA(unknown=EXCLUDE).load(given)
    except ValidationError as error:
        raise SettingsError(_explain(error.normalized_messages())) from None
    return _complete({name.lower(): value for name, value in parsed.items()})


def _explain(messages: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}: {' '.join(map(str, why))}" for name, why in sorted(messages.items()))


def _complete(values: dict[str, Any]) -> Settings:
    """Fill what development may leave out, and refuse what production may not."""
    settings = Settings(**values)
    if settings.is_production:
        _require_production(settings)
    values.setdefault("database_uri", f"sqlite:///{settings.instance_path / 'polyclinic.db'}")
    values["database_uri"] = _with_driver(values["database_uri"])
    _check_signing(settings)
    if not settings.jwt_secret_key and settings.signs_by_secret:
        values["jwt_secret_key"] = _development_secret(settings.instance_path, "jwt_secret")
    if not settings.audit_seal_key:
        values["audit_seal_key"] = _development_secret(settings.instance_path, "audit_seal_key")
    if settings.web_concurrency > 1 and not settings.redis_url:
        raise SettingsError("REDIS_URL: expected with more than one worker (WEB_CONCURRENCY), which share state by it")
    return Settings(**values)


def _check_signing(settings: Settings) -> None:
    """Refuse short secrets, a family without its key, and keys of another family than the one that signs."""
    for name in ("JWT_SECRET_KEY", "JWT_PREVIOUS_SECRET_KEYS"):
        value = getattr(settings, name.lower())
        secrets_given = (value,) if isinstance(value, str) else value
        if any(secret and len(secret.encode()) < MIN_SECRET_BYTES for secret in secrets_given):
            raise SettingsError(f"{name}: expected at least {MIN_SECRET_BYTES} bytes")
    if not settings.signs_by_secret and not settings.jwt_private_key_file:
        raise SettingsError("JWT_PRIVATE_KEY_FILE: expected with JWT_ALGORITHM=RS256 or EdDSA")
    foreign = ("JWT_PRIVATE_KEY_FILE", "JWT_PREVIOUS_KEY_FILES")
    for name in foreign if settings.signs_by_secret else ("JWT_PREVIOUS_SECRET_KEYS",):
        if getattr(settings, name.lower()):
            raise SettingsError(f"{name}: not expected with this JWT_ALGORITHM; tokens are of one family")


def _require_production(settings: Settings) -> None:
    required = ("DATABASE_URI", "AUDIT_SEAL_KEY", "ALLOWED_ORIGINS")
    for name in (*required, "JWT_SECRET_KEY") if settings.signs_by_secret else required:
        if not getattr(settings, name.lower()):
            raise SettingsError(f"{name}: expected in production, where nothing is assumed")
    if settings.frontend_url == Settings.frontend_url:
        raise SettingsError("FRONTEND_URL: expected in production, because mails link there")
    if settings.signs_by_secret and len(set(settings.jwt_secret_key)) < 8:
        raise SettingsError("JWT_SECRET_KEY: expected a random value, not a repeated or default one")


def _with_driver(uri: str) -> str:
    for plain in ("postgresql://", "postgres://"):
        if uri.startswith(plain):
            return "postgresql+psycopg://" + uri.removeprefix(plain)
    if not uri.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError("DATABASE_URI: expected sqlite:///... or postgresql://...")
    return uri


def _development_secret(instance: Path, name: str) -> str:
    """Return a random secret kept in the instance folder, so that what it signed outlives a restart."""
    instance.mkdir(parents=True, exist_ok=True)
    path = instance / name
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii")
