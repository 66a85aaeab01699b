"""Say what happened, in a title and a sentence that carry nothing clinical: no name, no drug, no reason."""

from __future__ import annotations

from collections.abc import Mapping

from server.modules.notifications.enums import Kind, SecurityEvent, Turn

_WORDS = {
    Kind.APPOINTMENT_BOOKED: ("Appointment booked", "An appointment was booked."),
    Kind.APPOINTMENT_MOVED: ("Appointment moved", "An appointment was moved to another time."),
    Kind.APPOINTMENT_CANCELLED: ("Appointment cancelled", "An appointment was cancelled."),
    Kind.APPOINTMENT_REMINDER: ("Appointment soon", "An appointment is coming up."),
    Kind.APPOINTMENT_OFFERED: ("Time came free", "A time came free that was waited for. It is held for a short while."),
    Kind.MESSAGE: ("New message", "You have a new message."),
    Kind.PRESCRIPTION_READY: ("Ready for pick-up", "Something is ready for pick-up at the pharmacy."),
    Kind.PRESCRIPTION_EXPIRING: ("Prescription expiring", "A prescription will expire soon."),
    Kind.LOW_STOCK: ("Low stock", "An item has fallen to its reorder level."),
    Kind.EXPIRING_LOTS: ("Lots expiring", "Lots in stock will expire soon."),
    Kind.CLAIM_DECIDED: ("Claim decided", "A claim was decided."),
    Kind.INVOICE_ISSUED: ("New invoice", "An invoice was issued."),
    Kind.BREAK_GLASS: ("Glass broken", "Somebody opened a chart in an emergency. The access log says who and why."),
}

_TURN_WORDS = {
    Turn.OTHER_DOCTOR: (
        "Appointment with another doctor",
        "An appointment is with another doctor now; its time stays.",
    ),
    Turn.OTHER_TIME_AND_DOCTOR: (
        "Appointment moved",
        "An appointment was moved to another time, and it is with another doctor now.",
    ),
    Turn.TAKEN_OVER: ("Appointment moved", "An appointment of another doctor was given to you."),
    Turn.GIVEN_AWAY: ("Appointment given to another doctor", "An appointment of yours was given to another doctor."),
    Turn.CANCELLED_BY_CLINIC: ("Appointment cancelled", "The clinic had to cancel an appointment and is sorry."),
}

_SECURITY_WORDS = {
    SecurityEvent.TOKEN_REUSED: (
        "A sign-in was ended",
        "An old token of one of your sign-ins was used again. If you know no reason for this, change your password.",
    ),
    SecurityEvent.PASSWORD_CHANGED: (
        "Password changed",
        "The password of your account was changed. If this was not you, reset it and tell an administrator.",
    ),
    SecurityEvent.EMAIL_CHANGED: (
        "E-mail address changed",
        "The e-mail address of your account was changed. If this was not you, tell an administrator.",
    ),
    SecurityEvent.MFA_CHANGED: (
        "Second factor changed",
        "The second factor of your account was changed. If this was not you, change your password.",
    ),
    SecurityEvent.ACCOUNT_LOCKED: ("Account locked", "Too many wrong passwords were tried on your account."),
    SecurityEvent.PROXY_GRANTED: (
        "Somebody may act for you",
        "Somebody was allowed to act in your name. If you do not want this, take it back or tell the clinic.",
    ),
    SecurityEvent.INVITED_TO_NEW_ADDRESS: (
        "Portal invitation to a new address",
        "Somebody invited a patient to an address that they wrote themselves of late. The audit log says who.",
    ),
    SecurityEvent.FILE_INFECTED: (
        "Malware in a file",
        "The scanner found malware in a file that was put into a chart. Nobody can fetch it.",
    ),
}


def words_of(kind: Kind, details: Mapping[str, str]) -> tuple[str, str]:
    """Return title and body; of an appointment, `when` ends the title, and `place`, where that is new, the body."""
    if kind == Kind.SECURITY:
        return _SECURITY_WORDS[SecurityEvent(details["event"])]
    title, body = _TURN_WORDS[Turn(details["turn"])] if "turn" in details else _WORDS[kind]
    if "place" in details:
        body = f"{body} The place is another one: {details['place']}."
    return (f"{title}: {details['when']}" if "when" in details else title), body
