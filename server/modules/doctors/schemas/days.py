"""Days that a calendar can hold."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import validate

from server.core import fields as f


class CalendarDay(f.Day):
    """A date away from the ends of the calendar, where a local midnight may lie outside it."""

    def __init__(self, **kwargs: Any) -> None:
        reach = validate.Range(date(1900, 1, 1), date(2199, 12, 31), error="Expected a year from 1900 to 2199.")
        metadata = {"pattern": "^(19|20|21)[0-9]{2}-", **kwargs.pop("metadata", {})}
        super().__init__(validate=reach, metadata=metadata, **kwargs)
