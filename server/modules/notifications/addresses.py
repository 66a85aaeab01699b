"""Ask where people are reached; the room of the users, which lies above, says it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app


@dataclass(frozen=True)
class Address:
    """Where one person gets mail, and by what name."""

    email: str
    name: str
    language: str | None = None


Lookup = Callable[[uuid.UUID], Address | None]


def serve(app: Flask, lookup: Lookup) -> None:
    """Register who knows the addresses: user id -> address, or None where no mail may go."""
    app.extensions["addresses"] = lookup


def address_of(user_id: uuid.UUID) -> Address | None:
    """Return where a user gets mail, or None."""
    lookup: Lookup = current_app.extensions["addresses"]
    return lookup(user_id)
