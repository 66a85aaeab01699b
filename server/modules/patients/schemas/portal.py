"""The shape of an invitation to the portal."""

from marshmallow import Schema, fields


class PortalInvitationOut(Schema):
    """Whom the link was sent to."""

    id = fields.UUID(required=True, metadata={"description": "The patient's."})
    email = fields.String(required=True)
