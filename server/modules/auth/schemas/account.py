"""The shapes of one's own account and sessions."""

from __future__ import annotations

from marshmallow import Schema, fields

from server.core import fields as f
from server.core.schema import Body, ListQuery, SortKeys
from server.modules.auth.schemas.secrets import Password
from server.modules.notifications.schemas import PreferencesOut, PreferencesPatch
from server.modules.users.schemas import UserOut


class ChangePasswordIn(Body):
    """One's present and new password."""

    current_password = Password(required=True)
    new_password = Password(required=True)


class ChangeEmailIn(Body):
    """The address that one wants, and one's password."""

    new_email = f.Email(required=True)
    password = Password(required=True)


class MePatch(Body):
    """What one changes of one's own account."""

    first_name = f.Line(most=100)
    last_name = f.Line(most=100)
    phone = f.Phone(allow_none=True)
    language = f.Language(allow_none=True)
    notification_preferences = fields.Nested(PreferencesPatch)


class MeOut(UserOut):
    """One's own account and what one may do."""

    permissions = fields.List(fields.String(), required=True)
    notification_preferences = fields.Nested(PreferencesOut, required=True)
    patient_id = fields.UUID(metadata={"description": "One's own chart, where there is one."})
    doctor_id = fields.UUID(metadata={"description": "One's own profile as a doctor, where there is one."})
    wards = fields.List(
        fields.Dict(), metadata={"description": "For whom one may act: `patient_id`, `name` and `scopes` of each."}
    )


class SessionOut(Schema):
    """One of one's own sessions."""

    id = fields.UUID(required=True)
    user_agent = fields.String(required=True)
    address = fields.String(required=True)
    created_at = f.Instant(required=True)
    last_used_at = f.Instant(required=True)
    is_current = fields.Boolean(required=True)


class SessionQuery(ListQuery):
    """A page of one's own sessions."""

    sort = SortKeys("last_used_at", "created_at")


class ClaimsOut(Schema):
    """What an access token stands for."""

    user_id = fields.UUID(required=True)
    session_id = fields.UUID(required=True)
    roles = fields.List(fields.String(), required=True)
    expires_at = f.Instant(required=True)
