"""Say in words how a medication is taken: what a label tells the patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By route: what one does with it, and where it goes.
_ROUTES: Mapping[str, tuple[str, str]] = {
    "oral": ("Take", "by mouth"),
    "by mouth": ("Take", "by mouth"),
    "po": ("Take", "by mouth"),
    "sublingual": ("Place", "under the tongue"),
    "buccal": ("Place", "in the cheek"),
    "topical": ("Apply", "to the skin"),
    "cutaneous": ("Apply", "to the skin"),
    "transdermal": ("Apply", "to the skin"),
    "inhalation": ("Inhale", ""),
    "inhaled": ("Inhale", ""),
    "nasal": ("Use", "in the nose"),
    "ophthalmic": ("Put", "into the eye"),
    "otic": ("Put", "into the ear"),
    "rectal": ("Insert", "into the rectum"),
    "vaginal": ("Insert", "into the vagina"),
    "subcutaneous": ("Inject", "under the skin"),
    "intramuscular": ("Inject", "into the muscle"),
    "intravenous": ("Inject", "into the vein"),
}
_COUNTED = frozenset(
    {"tablet", "capsule", "drop", "puff", "spray", "patch", "suppository", "lozenge", "sachet", "unit", "dose"}
)
_TIMES = {1: "once a day", 2: "twice a day"}


def directions(item: Mapping[str, Any]) -> str:
    """Return how an item of a prescription is taken, in a sentence, and what its prescriber wrote beside."""
    route = (item["route"] or "").strip()
    act, where = _ROUTES.get(route.casefold(), ("Use" if route else "Take", f"({route})" if route else ""))
    dose, often = _dose(item["dose"]), _often(item["frequency"])
    if not dose and not often:
        sentence = "" if item["instructions"] else "Use as directed by your prescriber."
    else:
        days = f"for {_counted(item['duration_days'], 'day')}" if item["duration_days"] else ""
        sentence = " ".join(filter(None, (act, dose or "it", where, often, days))) + "."
    return "\n".join(filter(None, (sentence, item["instructions"])))


def _dose(dose: Mapping[str, Any] | None) -> str:
    return _counted(dose["value"], dose["unit"]) if dose else ""


def _counted(count: float, unit: str) -> str:
    """Return so much of a unit; words that are counted are in the plural, measures such as mg are not."""
    is_word = unit.casefold() in _COUNTED | {"day", "hour", "time"}
    if not is_word or count == 1:
        return f"{count} {unit}"
    if unit.endswith("y") and not unit.endswith("ay"):
        return f"{count} {unit[:-1]}ies"
    return f"{count} {unit}{'es' if unit.endswith('ch') else 's'}"


def _often(frequency: Mapping[str, Any] | None) -> str:
    if not frequency:
        return ""
    times, hours = frequency["times_per_day"], frequency["interval_hours"]
    parts = []
    if times:
        parts.append(_TIMES.get(times, f"{times} times a day"))
    if hours:
        parts.append("every hour" if hours == 1 else f"every {hours} hours")
    said = ", ".join(parts)
    return f"{said} as needed".strip() if frequency["as_needed"] else said
