"""Tell patients in plain words what somebody did with their chart: of which kind it was, and what was done.

Words are made of an audit action, such as `vitals.read`. A room whose name says too little to a patient
registers another.
"""

from __future__ import annotations

_kinds = {
    "auth": "Account",
    "chart": "Whole chart",
    "history": "Medical history",
    "patients": "Personal details",
    "proxies": "Guardians and proxies",
}
# What reads well after a colon; what is not here is said as the action says it.
_DONE = {
    "accept": "offer accepted",
    "accept_invitation": "invitation accepted",
    "access_log": "access report read",
    "activate": "made active",
    "add": "added",
    "addend": "added to",
    "amend": "amended",
    "apply": "taken in as a whole",
    "book": "booked",
    "book_series": "series booked",
    "break_glass": "chart opened in an emergency",
    "cancel": "cancelled",
    "change": "changed",
    "chart": "consultation saved",
    "check": "checked for safety",
    "check_in": "checked in",
    "close": "closed",
    "complete": "completed",
    "deactivate": "deactivated",
    "decline": "offer declined",
    "download": "downloaded",
    "draft": "drafted",
    "due": "what is due read",
    "end": "removed",
    "export": "handed out as a whole",
    "fill": "handed out",
    "grant": "granted",
    "history": "history read",
    "hold": "time held",
    "invite": "invited to the portal",
    "join": "joined",
    "label": "label read",
    "leave": "left",
    "list": "list read",
    "lookup": "looked up",
    "merge": "merged",
    "movements": "movements read",
    "no_show": "marked as missed",
    "none_known": "none known, stated",
    "note": "noted",
    "open": "opened",
    "order": "ordered",
    "perform": "performed",
    "plan": "planned",
    "prepare": "laid ready",
    "preview": "preview read",
    "print": "printed",
    "print_summary": "summary printed",
    "queue": "board of the day read",
    "reactivate": "activated again",
    "read": "read",
    "recall": "recalled",
    "receipt": "receipt read",
    "receive": "taken in",
    "record": "recorded",
    "refund": "refunded",
    "register": "registered",
    "release": "released",
    "remove": "removed",
    "renew": "prescribed again",
    "reopen": "opened again",
    "reschedule": "moved",
    "reverse": "brought back",
    "revise": "replaced by a later version",
    "revoke": "withdrawn",
    "schedule": "schedule read",
    "search": "searched",
    "sell": "sold",
    "set": "set",
    "set_status": "status changed",
    "sign": "signed",
    "start": "begun",
    "status": "status changed",
    "stop": "stopped",
    "summary": "summary read",
    "take": "measured",
    "timeline": "timeline read",
    "unmerge": "merge taken back",
    "update": "changed",
    "upload": "uploaded",
    "verify_email": "e-mail address confirmed",
    "versions": "former versions read",
    "void": "marked as an error",
    "walk_in": "opened without an appointment",
    "withdraw": "withdrawn",
    "write": "written",
    "write_own": "own entry written",
}


def name_kind(room: str, words: str) -> None:
    """Register what patients call what a room keeps, where that is not the room's own name."""
    _kinds[room] = words


def is_known(verb: str) -> bool:
    """Whether there are words for what an action does."""
    return verb in _DONE


def what_was_done(action: str) -> str:
    """Return an action in plain words, such as "Vital signs: read"."""
    room, _, verb = action.partition(".")
    kind = _kinds.get(room) or room.replace("_", " ").capitalize()
    return f"{kind}: {_DONE.get(verb) or verb.replace('_', ' ')}"
