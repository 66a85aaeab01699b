"""Read a recurrence rule (a subset of RFC 5545) and lay its occurrences on the line of real time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from server.modules.appointments.calendar.spans import instant

MOST = 52
LONGEST = timedelta(days=2 * 366)
PARTS = ("FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL", "WKST")

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = f"(?:{'|'.join(_DAYS)})"
_SHAPES = {
    "FREQ": "DAILY|WEEKLY|MONTHLY",
    "INTERVAL": "[1-9][0-9]{0,2}",
    "BYDAY": f"[+-]?[1-5]?{_DAY}(?:,[+-]?[1-5]?{_DAY})*",
    "COUNT": "[1-9][0-9]*",
    "UNTIL": "[0-9]{8}(?:T[0-9]{6}Z?)?",
    "WKST": _DAY,
}
_BEGINS_ELSEWHERE = "The rule does not begin at starts_at, by the doctor's clock."


class NotARule(ValueError):
    """The rule cannot be read, or it is none that is taken here; the message says what to change."""


def parts_of(rule: str) -> Mapping[str, str]:
    """Return the parts of a rule by name, or raise `NotARule`."""
    found: dict[str, str] = {}
    for part in rule.upper().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in PARTS:
            raise NotARule(f"{name or 'An empty part'} is not taken here; expected {', '.join(PARTS)}.")
        if name in found:
            raise NotARule(f"{name} is given twice.")
        if not re.fullmatch(_SHAPES[name], value):
            raise NotARule(f"{name} cannot be {value}.")
        found[name] = value
    _check(found)
    return found


def _check(parts: Mapping[str, str]) -> None:
    if "FREQ" not in parts:
        raise NotARule("FREQ is missing.")
    if ("COUNT" in parts) == ("UNTIL" in parts):
        raise NotARule("Give either COUNT or UNTIL: a series has an end, and one.")
    if int(parts.get("COUNT", "1")) > MOST:
        raise NotARule(f"COUNT may be {MOST} at most.")
    if parts["FREQ"] != "MONTHLY" and re.search("[0-9]", parts.get("BYDAY", "")):
        raise NotARule("BYDAY names days by number, such as 2MO, with FREQ=MONTHLY only.")
    if re.search(r"[+-](?![1-5])", parts.get("BYDAY", "")):
        raise NotARule("BYDAY has a sign without a number.")


def occurrences(rule: str, starts_at: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return when a rule has something happen that happens first at `starts_at`; the wall clock in `zone` stays.

    A time that the wall clock leaves out is taken at the end of the gap, one that it shows twice the first time; of the
    first occurrence the caller has said which. Raise `NotARule` where the rule does not begin there or has no near end.
    """
    parts = parts_of(rule)
    shown = starts_at.astimezone(zone).replace(tzinfo=None)
    # A rule of days may never come to the one that it names: it would be followed to the end of time.
    if "BYDAY" in parts and _DAYS[shown.weekday()] not in parts["BYDAY"]:
        raise NotARule(_BEGINS_ELSEWHERE)
    until = _until(parts["UNTIL"], zone) if "UNTIL" in parts else None
    if until is not None and until < shown:
        raise NotARule("UNTIL is before starts_at.")
    wanted = int(parts.get("COUNT", MOST + 1))
    last = shown + LONGEST
    text = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))
    within: Any = rrulestr(text, dtstart=shown)
    times = list(islice(within.replace(until=min(until or last, last)), wanted))
    if not times or times[0] != shown:
        raise NotARule(_BEGINS_ELSEWHERE)
    if len(times) > MOST:
        raise NotARule(f"A series has {MOST} times at most.")
    if len(times) < wanted if until is None else until > last:
        raise NotARule("A series lasts two years at most.")
    return [starts_at, *(_instant(zone, at) for at in times[1:])]


def _until(value: str, zone: ZoneInfo) -> datetime:
    """Return the last wall-clock time that a rule may have: of a date the end of that day."""
    try:
        if len(value) == 8:
            return datetime.combine(datetime.strptime(value, "%Y%m%d"), time.max)  # noqa: DTZ007 - wall-clock time
        bound = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - as above, unless it ends in Z
        if value.endswith("Z"):
            bound = bound.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise NotARule(f"UNTIL cannot be {value}.") from None
    return bound


def _instant(zone: ZoneInfo, at: datetime) -> datetime:
    rest = timedelta(seconds=at.second, microseconds=at.microsecond)
    return instant(zone, at.date(), at.hour * 60 + at.minute) + rest
