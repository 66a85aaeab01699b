"""Rules of second factors: TOTP (RFC 6238, SHA-1, 6 digits, 30 s) and ten recovery codes; each code works once.

A code is checked before the unit of work, counted before it is checked, and used up inside by a conditional UPDATE.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
import segno
import structlog
from itsdangerous import BadSignature
from sqlalchemy import delete, select, update

from server.core import clock, secrets as closed, state
from server.core.db import db, reading
from server.core.errors import Conflict, Invalid, Unauthorized, Unavailable, refused
from server.modules.auth.models import Authenticator, RecoveryCode
from server.modules.auth.service import proofs, throttle
from server.modules.notifications.enums import SecurityEvent
from server.modules.notifications.service import tell_of_security
from server.modules.users import service as users
from server.modules.users.models import User

log = structlog.get_logger(__name__)

PASS_SECONDS = 300
RECOVERY_CODES = 10
_TOLERANCE = 1  # steps that a phone's clock may be off
_STEP_SECONDS = 30
_PURPOSE = "second factor"

_authenticators = Authenticator.__table__
_recovery = RecoveryCode.__table__


class WrongCode(Unauthorized):
    """The code is wrong, or was used before."""

    code = "wrong_code"


class PassInvalid(Unauthorized):
    """This `mfa_token` is wrong or older than five minutes; sign in again."""

    code = "mfa_token_invalid"


class AlreadyEnabled(Conflict):
    """A second factor is set up already; disable it first."""

    code = "mfa_already_enabled"


class NotEnrolled(Conflict):
    """No second factor waits to be confirmed; enrol first."""

    code = "mfa_not_enrolled"


@dataclass(frozen=True)
class Pass:
    """What an `mfa_token` says: whose password was right, on which device, and what it opens now."""

    user_id: uuid.UUID
    opens: str
    password_set_at: str
    device_id: uuid.UUID | None
    wants_cookie: bool


@dataclass(frozen=True)
class Factor:
    """A code that was right: its time step and the secret, as stored, or the recovery code that it is."""

    step: int | None = None
    secret: str | None = None
    recovery_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Enrolment:
    """What a TOTP app needs."""

    secret: str
    otpauth_uri: str
    qr_svg: str


def issue_pass(user_id: uuid.UUID, *, opens: str, set_at: datetime, device_id: uuid.UUID | None, cookie: bool) -> str:
    """Return an `mfa_token`: for five minutes it stands for a right password, while that password stays."""
    said = [str(user_id), opens, set_at.isoformat(), str(device_id) if device_id else None, cookie]
    return str(closed.signer(_PURPOSE).dumps(said))


def read_pass(token: str, *, opens: str) -> Pass:
    """Return what an `mfa_token` says if it opens this, or raise `PassInvalid`."""
    try:
        user_id, opened, set_at, device_id, cookie = closed.signer(_PURPOSE).loads(token, max_age=PASS_SECONDS)
    except BadSignature:
        raise PassInvalid from None
    if opened != opens:
        raise PassInvalid
    return Pass(uuid.UUID(user_id), opened, set_at, uuid.UUID(device_id) if device_id else None, cookie)


def enrol(user: User) -> Enrolment:
    """Make a secret that waits for its first code; an earlier one that waited is forgotten."""
    if user.mfa_enabled:
        raise AlreadyEnabled
    secret = pyotp.random_base32()
    authenticator = db.session.get(Authenticator, user.id) or Authenticator(user_id=user.id)
    authenticator.pending_secret = closed.encrypt(secret, purpose=_PURPOSE)
    db.session.add(authenticator)
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=state.settings().clinic_name)
    return Enrolment(secret, uri, _qr_code(uri))


def _qr_code(text: str) -> str:
    """Return a QR code as SVG that stands in a page as well as in an `img`."""
    svg = io.BytesIO()
    segno.make(text).save(svg, kind="svg", scale=4, xmldecl=False, nl=False)
    return svg.getvalue().decode()


def prove_own(user_id: uuid.UUID, code: str) -> Factor:
    """Return the proof of a right code of somebody signed in, or a 422 that blames `code`."""
    try:
        return _prove(user_id, code, throttle.of_account(user_id, "", what="own code"))
    except WrongCode:
        raise _refused() from None


def _refused() -> Invalid:
    return refused("code", why=WrongCode.default_message(), code=WrongCode.code)


def prove(user_id: uuid.UUID, code: str, *, device_id: uuid.UUID | None, address: str) -> Factor:
    """Return the proof of a right code of the user's phone or recovery codes, or raise `WrongCode`.

    Failures count as those of passwords do, and too many in a row lock the account.
    """
    if device_id is not None:
        return _prove(user_id, code, throttle.of_device(device_id, what="code"))
    of_address = throttle.of_address(address, what="code")
    return _prove(user_id, code, throttle.of_account(user_id, "", what="code"), of_address)


def _prove(user_id: uuid.UUID, code: str, *counters: throttle.Counter) -> Factor:
    found = reading().execute(select(_authenticators.c.secret, _authenticators.c.last_step).where(_of(user_id))).first()
    failures = throttle.reserve(*counters)
    typed = _typed(code)
    factor = (_totp(found.secret, typed, found.last_step) if found else None) or _recovery_code(user_id, typed)
    if factor is None:
        proofs.lock_after(failures, user_id)
        raise WrongCode
    throttle.release(*counters)
    return factor


def prove_pending(user_id: uuid.UUID, code: str) -> Factor:
    """Return the proof of a right code of the secret that waits, `NotEnrolled`, or a 422 that blames `code`."""
    pending = reading().scalar(select(_authenticators.c.pending_secret).where(_of(user_id)))
    if pending is None:
        raise NotEnrolled
    counter = throttle.of_account(user_id, "", what="own code")
    throttle.reserve(counter)
    factor = _totp(pending, _typed(code), 0)
    if factor is None:
        raise _refused()
    throttle.release(counter)
    return factor


def _typed(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


def _totp(secret: str | None, typed: str, last_step: int) -> Factor | None:
    if secret is None or not (typed.isascii() and typed.isdigit()):
        return None
    totp = pyotp.TOTP(_opened(secret))
    now = int(clock.now().timestamp()) // _STEP_SECONDS
    for step in range(now - _TOLERANCE, now + _TOLERANCE + 1):
        if secrets.compare_digest(totp.generate_otp(step), typed) and step > last_step:
            return Factor(step=step, secret=secret)
    return None


def _opened(secret: str) -> str:
    try:
        return closed.decrypt(secret, purpose=_PURPOSE)
    except closed.Unreadable:
        log.error("second_factor_unreadable", hint="SECRETS_KEY or a former one of it is missing")
        raise Unavailable("Second factors cannot be read at the moment; tell the clinic.") from None


def _recovery_code(user_id: uuid.UUID, typed: str) -> Factor | None:
    is_it = (_recovery.c.user_id == user_id, _recovery.c.code_hash == _hash(typed), _recovery.c.used_at.is_(None))
    found = reading().scalar(select(_recovery.c.id).where(*is_it))
    return Factor(recovery_id=found) if found else None


def spend(user_id: uuid.UUID, factor: Factor) -> None:
    """Use the code up; of two who use one at once, one succeeds and the other gets `WrongCode`."""
    if factor.step is not None:
        unused = update(_authenticators).where(_of(user_id), _authenticators.c.last_step < factor.step)
        spent = db.session.execute(unused.values(last_step=factor.step).returning(_authenticators.c.user_id)).first()
    else:
        kept = update(_recovery).where(_recovery.c.id == factor.recovery_id, _recovery.c.used_at.is_(None))
        spent = db.session.execute(kept.values(used_at=clock.now()).returning(_recovery.c.id)).first()
    if spent is None:
        raise WrongCode


def switch_on(user: User, factor: Factor) -> list[str]:
    """Sign in with the secret that waited from now on; return ten recovery codes, shown this once."""
    if user.mfa_enabled:
        raise AlreadyEnabled
    authenticator = db.session.get(Authenticator, user.id, with_for_update=True)
    if authenticator is None or authenticator.pending_secret is None or authenticator.pending_secret != factor.secret:
        raise NotEnrolled
    authenticator.secret, authenticator.pending_secret = authenticator.pending_secret, None
    authenticator.enabled_at = clock.now()
    authenticator.last_step = factor.step or 0
    users.set_second_factor(user_id=user.id, is_on=True)
    tell_of_security(user_id=user.id, event=SecurityEvent.MFA_CHANGED)
    return renew_recovery_codes(user.id)


def switch_off(user_id: uuid.UUID) -> None:
    """Sign in by password alone again."""
    db.session.execute(delete(_recovery).where(_recovery.c.user_id == user_id))
    db.session.execute(delete(_authenticators).where(_of(user_id)))
    users.set_second_factor(user_id=user_id, is_on=False)
    tell_of_security(user_id=user_id, event=SecurityEvent.MFA_CHANGED)


def renew_recovery_codes(user_id: uuid.UUID) -> list[str]:
    """Return ten new recovery codes of 80 random bits each; the former ones die."""
    db.session.execute(delete(_recovery).where(_recovery.c.user_id == user_id))
    codes = [pyotp.random_base32(32)[:16].lower() for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user_id, code_hash=_hash(code)) for code in codes)
    db.session.flush()
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def _of(user_id: uuid.UUID) -> Any:
    return _authenticators.c.user_id == user_id


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
