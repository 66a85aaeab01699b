"""What an appointment is for, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.core.search import search_text
from server.core.text import fold
from server.modules.appointments.models import Appointment


def folded(reason: str | None) -> str:
    """Return the words of a reason as they are searched."""
    return search_text(fold(reason)) if reason else ""


def write_words(appointment: Appointment, words: Mapping[str, Any]) -> list[str]:
    """Set what an appointment is for and where; return the names of what is new."""
    changed = [name for name, value in words.items() if getattr(appointment, name) != value]
    for name in changed:
        setattr(appointment, name, words[name])
    if "reason" in changed:
        appointment.search_text = folded(appointment.reason)
    return changed
