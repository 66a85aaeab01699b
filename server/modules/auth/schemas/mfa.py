"""The shapes of second factors."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from server.core.schema import Body
from server.modules.auth.schemas.secrets import Password
from server.modules.auth.schemas.sign_in import SignInOut


class Code(fields.String):
    """Six digits from the phone, or a recovery code; spaces and hyphens do not count."""

    def __init__(self) -> None:
        super().__init__(required=True, validate=validate.Length(1, 40), load_only=True)


class MfaToken(fields.String):
    """What a sign-in answered that waits for a second factor."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(required=required, validate=validate.Length(1, 1000), load_only=True)


class EnrollIn(Body):
    """The `mfa_token`, from whoever is not signed in."""

    mfa_token = MfaToken()


class EnrollOut(Schema):
    """What an authenticator app needs: the secret, as text, as an otpauth URI and as a QR code."""

    secret = fields.String(required=True)
    otpauth_uri = fields.String(required=True)
    qr_svg = fields.String(required=True)


class ConfirmIn(Body):
    """The first code of the app; the `mfa_token` from whoever is not signed in."""

    code = Code()
    mfa_token = MfaToken()


class RecoveryCodesOut(Schema):
    """Ten codes for whoever loses the phone; each works once, and they are shown this once."""

    recovery_codes = fields.List(fields.String(), required=True)


class ConfirmOut(SignInOut):
    """The recovery codes and, with an `mfa_token`, what signing in answers."""

    recovery_codes = fields.List(fields.String(), required=True)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[object]) -> None:
        """Promise the codes alone to whoever is signed in already."""
        field_obj.required = field_name == "recovery_codes"


class VerifyIn(Body):
    """The second half of a sign-in."""

    mfa_token = MfaToken(required=True)
    code = Code()


class OwnSecretsIn(Body):
    """One's password and a code, for what changes the second factor."""

    password = Password(required=True)
    code = Code()
