"""What reading any FHIR R4 resource takes: odd or missing fields that may be empty are left out and named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError

from server.core import clock
from server.core.inputs import invalid
from server.modules.fhir.models import Reason

SNOMED = "http://snomed.info/sct"
PARTIAL = re.compile(r"\d{4}(-\d\d)?", re.ASCII)
# Before this, a date is a slip: nobody has a chart of that time.
_FIRST_YEAR = 1900
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class NotPlaced(Exception):
    """This resource does not become anything of ours."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass
class Mapped:
    """The fields of one resource, and those that had to be left out, each with why."""

    fields: dict[str, Any]
    left_out: list[str] = field(default_factory=list)


def day_of(value: Any, name: str, left_out: list[str]) -> date | None:
    """Return the date of a FHIR date or instant on the clinic's wall clock; one without a day is left out."""
    if value is None:
        return None
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
        if _DATE.match(value):
            at = datetime.fromisoformat(value)
            return at.astimezone(clock.clinic_zone()).date() if at.tzinfo else at.date()
    except (ValueError, TypeError, OverflowError):
        pass
    left_out.append(f"{name}: not a whole date")
    return None


def instant_of(value: Any, name: str, left_out: list[str]) -> datetime | None:
    """Return the instant of a FHIR date or date and time, a day alone as its beginning by the clinic's clock."""
    if value is None:
        return None
    try:
        if _DATE.match(value):
            day = date.fromisoformat(value) if _DATE.fullmatch(value) else None
            at = datetime.combine(day, time()) if day else datetime.fromisoformat(value)
            instant = (at if at.tzinfo else at.replace(tzinfo=clock.clinic_zone())).astimezone(UTC)
            if instant.year >= _FIRST_YEAR:
                return instant
    except (ValueError, TypeError, OverflowError):
        pass
    left_out.append(f"{name}: not a whole date")
    return None


def happened(value: Any, name: str) -> datetime:
    """Return an instant that has to be there and has passed, or refuse the resource."""
    why: list[str] = []
    at = instant_of(value, name, why)
    if at is None:
        raise NotPlaced(Reason.INVALID, why[0] if why else f"{name}: missing")
    if at > clock.now():
        raise NotPlaced(Reason.INVALID, f"{name}: in the future")
    return at


def words_of(concepts: Iterable[Any]) -> str | None:
    """Return the words of several concepts or references, each once."""
    shown = [display_of(one) or (text_of(one.get("display")) if isinstance(one, dict) else None) for one in concepts]
    return ", ".join(dict.fromkeys(text for text in shown if text)) or None


def notes_of(resource: dict[str, Any]) -> str | None:
    """Return the text of all notes, a paragraph each."""
    return "\n\n".join(text for one in objects_of(resource, "note") if (text := text_of(one.get("text")))) or None


def status_of(resource: dict[str, Any], words: Mapping[str, str]) -> str:
    """Return what a status is called here; refuse what was entered in error, and what is none of these."""
    status = text_of(resource.get("status"))
    if status == "entered-in-error":
        raise NotPlaced(Reason.ENTERED_IN_ERROR)
    if status is None or status not in words:
        raise NotPlaced(Reason.INVALID, f"status: {status or 'missing'}"[:80])
    return words[status]


@cache
def schema_of(kind: type[Schema]) -> Schema:
    """Return the one schema of a kind."""
    return kind()


def checked(schema: Schema, raw: dict[str, Any], *, optional: tuple[str, ...] = (), path: str = "") -> Mapped:
    """Load by the schema that people's input goes through; odd optional fields are left out and named."""
    given = {name: value for name, value in raw.items() if value is not None}
    try:
        return Mapped(schema.load(given, partial=optional))
    except ValidationError as error:
        wrong = dict(invalid(error).errors or {})
    required = {item.data_key or name for name, item in schema.fields.items() if item.required} - set(optional)
    said = [f"{path}{name}: {' '.join(why)}" for name, why in sorted(wrong.items())]
    tops = {name.partition(".")[0] for name in wrong}
    if tops & required:
        raise NotPlaced(Reason.INVALID, "; ".join(said))
    return Mapped(schema.load({n: v for n, v in given.items() if n not in tops}, partial=optional), said)


def text_of(value: Any) -> str | None:
    """Return a text that says something, else None."""
    return value if isinstance(value, str) and value.strip() else None


def texts_of(value: Any) -> list[str]:
    """Return the texts of a list that say something."""
    return [text for text in value if text_of(text)] if isinstance(value, list) else []


def objects_of(parent: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects in the list of that name."""
    found = parent.get(name) if isinstance(parent, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def part_of(resource: dict[str, Any], name: str, part: str) -> Any:
    """Return a part of the object of that name."""
    found = resource.get(name)
    return found.get(part) if isinstance(found, dict) else None


def codings_of(concept: Any) -> list[tuple[str, str, str]]:
    """Return system, code and display of each coding."""
    return [
        (text_of(one.get("system")) or "", text_of(one.get("code")) or "", text_of(one.get("display")) or "")
        for one in objects_of(concept, "coding")
    ]


def display_of(concept: Any) -> str | None:
    """Return the words of a concept: its text, else what its first coding with words shows."""
    text = text_of(concept.get("text")) if isinstance(concept, dict) else None
    return text or first_of([display for _, _, display in codings_of(concept)])


def first_of(values: list[Any]) -> str | None:
    """Return the first that is there."""
    return next((value for value in values if value), None)


def preferred(objects: list[dict[str, Any]], order: tuple[str, ...]) -> dict[str, Any]:
    """Return the object whose `use` comes first in the order; among equals the one of the lowest rank."""
    places = {use: place for place, use in enumerate(order)}

    def key(one: dict[str, Any]) -> tuple[int, int]:
        rank = one.get("rank")
        use = one.get("use") or ""
        return places.get(use if isinstance(use, str) else "", len(order)), rank if isinstance(rank, int) else 99

    return min(objects, key=key, default={})
