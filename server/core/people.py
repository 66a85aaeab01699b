"""Shared words about people's names."""

from __future__ import annotations

from enum import StrEnum


class Sex(StrEnum):
    """Administrative sex, as FHIR's `administrative-gender` has it."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


def full_name(first: str, last: str) -> str:
    """Return how a person is shown."""
    return f"{first} {last}"


def split_name(name: str) -> tuple[str, str]:
    """Split a full name at its last space; a single word is the last name and the first name is empty."""
    first, _, last = name.rpartition(" ")
    return first.rstrip(), last
