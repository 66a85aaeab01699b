"""Write the mails of this module; the token of a link is made here, on delivery."""

from __future__ import annotations

import uuid
from email.message import EmailMessage
from typing import Any

from server.core import state
from server.core.db import db
from server.modules.auth.mails import letter
from server.modules.auth.models import Purpose
from server.modules.auth.service.links import frontend_link, issue_token
from server.modules.notifications.service import mail_kind
from server.modules.patients.models import Patient
from server.modules.patients.service.people import EMAIL_REPLACED_MAIL
from server.modules.patients.service.portal import PORTAL_MAIL, owner_of
from server.modules.users.enums import UserStatus


def install() -> None:
    """Register the composers of this module's mails."""
    mail_kind(PORTAL_MAIL, is_asked_for=True)(portal_invitation)
    mail_kind(EMAIL_REPLACED_MAIL, is_asked_for=True)(email_replaced)


def email_replaced(_patient_id: uuid.UUID, details: dict[str, Any]) -> EmailMessage | None:
    """Tell the former address of a patient that the clinic has another one now."""
    if "email" not in details:
        return None
    text = (
        f"{state.settings().clinic_name} no longer writes to a patient at this address: somebody there replaced it.\n\n"
        "If nobody asked for this, please call the clinic.\n"
    )
    return letter(details["email"], "Your address was replaced", text)


def portal_invitation(patient_id: uuid.UUID, _details: dict[str, Any]) -> EmailMessage | None:
    """Invite a patient to tie an account to their chart; older links to it die."""
    patient = db.session.get(Patient, patient_id)
    user = owner_of(patient) if patient else None
    if patient is None or user is None or patient.user_id is not None or user.status == UserStatus.DEACTIVATED:
        return None
    settings = state.settings()
    token = issue_token(user_id=user.id, purpose=Purpose.PORTAL, email=user.email, subject_id=patient.id)
    is_open = user.status != UserStatus.INVITED and user.email_verified_at is not None
    what_to_do = "Confirm with the password of the account that you have" if is_open else "Choose a password to open it"
    text = (
        f"{settings.clinic_name} invites you to its patients' portal. {what_to_do}:\n\n"
        f"{frontend_link('accept-invitation', token)}\n\n"
        f"The link works once, within {settings.invitation_hours} hours. If you did not expect this, ignore it.\n"
    )
    return letter(user.email, "Your account", text)
