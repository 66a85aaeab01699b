"""Ages and intervals as the schedule writes them ("12 months - 4 days"), and how they are added to a date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from functools import lru_cache

_PART = re.compile(r"([+-]?)\s*(\d+)\s*(day|week|wk|month|mo|year|yr)s?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in calendar months and days; years are twelve months, weeks are seven days."""

    months: int
    days: int
    text: str

    def after(self, start: date) -> date:
        """Add this to a date: months first, then days; a day that the month lacks is the first of the next.

        Logic Specification, chapter 3, business rules CALCDT-1 to CALCDT-5.
        """
        total = start.year * 12 + start.month - 1 + self.months
        year, month = divmod(total, 12)
        if year > MAXYEAR - 1:
            return date.max
        try:
            landed = date(year, month + 1, start.day)
        except ValueError:
            # Only the 29th to the 31st can be missing, and never in December.
            landed = date(year, month + 2, 1)
        return landed + timedelta(days=self.days)

    def __str__(self) -> str:
        """Give the words of the schedule back."""
        return self.text


@lru_cache(maxsize=1024)
def period(text: str) -> Period:
    """Read a length of time. ValueError where the words are others."""
    rest = _PART.sub("", text).strip()
    parts = _PART.findall(text)
    if rest or not parts:
        raise ValueError(f"Not a length of time: {text!r}")
    months = days = 0
    for sign, number, unit in parts:
        amount = -int(number) if sign == "-" else int(number)
        match unit.lower():
            case "year" | "yr":
                months += 12 * amount
            case "month" | "mo":
                months += amount
            case "week" | "wk":
                days += 7 * amount
            case _:
                days += amount
    return Period(months, days, text)
