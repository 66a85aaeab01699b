"""Marshmallow fields that every schema uses: text that is kept byte for byte, instants, numbers with bounds.

Input fields refuse; they never normalise, strip or drop. `null` is accepted where a field is optional.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import pycountry
from email_validator import EmailNotValidError, validate_email
from marshmallow import ValidationError, fields, validate

from server.core import clock, state, text
from server.core.errors import CodedMessage
from server.core.money import LARGEST, NotMoney, format_money, format_percent, parse_money, parse_percent, places_of
from server.core.phones import PHONE_PATTERN, NotAPhone, normalise_phone
from server.core.uploads import Upload

MAX_INT = 2**31 - 1
LONGEST_EMAIL = 254
OLDEST_YEARS = 130


def _refuse_bidi(value: str) -> None:
    if text.HAS_BIDI.search(value):
        raise ValidationError("Bidirectional overrides are not allowed.")


def _refuse_control(value: str) -> None:
    if text.HAS_CONTROL_BUT_TAB_NEWLINE.search(value):
        raise ValidationError("Control characters other than tab and newline are not allowed.")


def _refuse_blank(value: str) -> None:
    if not value.strip():
        raise ValidationError("Must not be blank.")


class _Text(fields.String):
    """Text with a length in characters."""

    def __init__(self, *, most: int, pattern: str, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {})
        kwargs["metadata"] = {"pattern": pattern, **kwargs["metadata"]}
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Length(min=1, max=most))


class Matches(validate.Regexp):
    """The whole value matches; `$` alone lets a line break through, and the published ECMA-262 knows no better."""

    def __call__(self, value: Any) -> Any:
        if re.fullmatch(self.regex.pattern, value) is None:
            raise ValidationError(self._format_error(value))
        return value


class Line(_Text):
    """A single line: names, titles, labels, addresses. No control characters, no HTML elements."""

    def __init__(self, most: int = 200, **kwargs: Any) -> None:
        super().__init__(most=most, pattern=text.LINE_PATTERN, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        line = super()._deserialize(value, attr, data, **kwargs)
        if text.HAS_CONTROL.search(line):
            raise ValidationError("Control characters and line breaks are not allowed.")
        _refuse_bidi(line)
        if text.HAS_MARKUP.search(line):
            raise ValidationError(CodedMessage("HTML is not allowed here.", "markup_not_allowed"))
        if line:
            _refuse_blank(line)
        return line


class Paragraphs(_Text):
    """Plain text of several lines, `<` and `>` included: outputs escape it."""

    def __init__(self, most: int = 10_000, **kwargs: Any) -> None:
        super().__init__(most=most, pattern=text.PARAGRAPH_PATTERN, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        paragraphs = super()._deserialize(value, attr, data, **kwargs)
        _refuse_control(paragraphs)
        _refuse_bidi(paragraphs)
        if paragraphs:
            _refuse_blank(paragraphs)
        return paragraphs


class RichText(Paragraphs):
    """Text with a few harmless tags; what bleach would drop is refused, never dropped."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        markup = super()._deserialize(value, attr, data, **kwargs)
        # What a character may not be, it may not be by its number either.
        meant = text.written_out(markup)
        _refuse_control(meant)
        _refuse_bidi(meant)
        if text.drops_markup(markup):
            allowed = " ".join(sorted(text.RICH_TAGS))
            raise ValidationError(CodedMessage(f"Only these tags are allowed: {allowed}.", "markup_not_allowed"))
        if text.depth_of(markup) > text.DEEPEST:
            raise ValidationError(f"Tags may be nested {text.DEEPEST} deep.")
        return markup


class Email(fields.String):
    """An e-mail address that mail can reach; reserved names such as `.test` and `.local` are refused."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {})
        kwargs["metadata"] = {
            "format": "email",
            "example": "ada@example.com",
            "pattern": r"^[A-Za-z0-9]{1,32}([.][A-Za-z0-9]{1,32})?@[A-Za-z0-9]{1,32}[.](com|org|net|example)$",
            "description": "Published narrower than it is: any address that mail can reach is taken.",
            **kwargs["metadata"],
        }
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Length(max=LONGEST_EMAIL))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        address = super()._deserialize(value, attr, data, **kwargs)
        try:
            validate_email(address, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError as error:
            raise ValidationError(f"Not an e-mail address: {error}") from None
        if len(normal_form(address)) > LONGEST_EMAIL:
            raise ValidationError(f"Longer than {LONGEST_EMAIL} characters.")
        return address


class Phone(fields.String):
    """A phone number, kept as E.164 where possible and as its digits otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {})
        kwargs["metadata"] = {"pattern": PHONE_PATTERN, "example": "+16175550100", **kwargs["metadata"]}
        super().__init__(**kwargs)
        self.validators.insert(0, validate.Length(max=40))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        number = super()._deserialize(value, attr, data, **kwargs)
        try:
            return normalise_phone(number, state.settings().clinic_country)
        except NotAPhone:
            raise ValidationError("Expected a phone number of 7 to 15 digits.") from None


class Country(fields.String):
    """An ISO 3166 alpha-2 country code."""

    def __init__(self, **kwargs: Any) -> None:
        codes = sorted(country.alpha_2 for country in pycountry.countries)
        super().__init__(validate=validate.OneOf(codes, error="Expected an ISO 3166 code such as US."), **kwargs)


class Language(fields.String):
    """A BCP 47 language tag whose language ISO 639 knows, such as `en` or `pt-BR`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {})
        kwargs["metadata"] = {"pattern": "^(en|de|fr|es|pt|ar|zh|hi|tr|pl)(-[A-Z]{2})?$", **kwargs["metadata"]}
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        tag = super()._deserialize(value, attr, data, **kwargs)
        found = re.fullmatch(r"([a-z]{2,3})(-[A-Z][a-z]{3})?(-[A-Z]{2})?", tag)
        key = {2: "alpha_2", 3: "alpha_3"}
        if not found or pycountry.languages.get(**{key[len(found[1])]: found[1]}) is None:
            raise ValidationError("Expected a language tag such as en or pt-BR.")
        return tag


@cache
def _zones() -> set[str]:
    # The two that are left out name no place: what they mean depends on the machine.
    return zoneinfo.available_timezones() - {"localtime", "Factory"}


class Zone(fields.String):
    """An IANA time zone, such as `Europe/Berlin`."""

    def __init__(self, **kwargs: Any) -> None:
        published = {
            "pattern": "^(UTC|Europe/Berlin|America/New_York|Asia/Kolkata)$",
            "description": "Published narrower than it is: every zone that the IANA names is taken.",
        }
        super().__init__(metadata={**published, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name not in _zones():
            raise ValidationError("Expected an IANA time zone such as Europe/Berlin.")
        return name


class Instant(fields.Field[datetime]):
    """An instant, RFC 3339 with an offset in, UTC with `Z` out."""

    _RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str) and self._RFC3339.fullmatch(value):
            try:
                return datetime.fromisoformat(value.upper()).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        raise ValidationError("Expected a time with an offset, such as 2026-01-31T09:30:00Z.")

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat().replace("+00:00", "Z")


class Day(fields.Date):
    """A date, YYYY-MM-DD; `earliest` bounds it below."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValidationError("Expected a date, YYYY-MM-DD.")
        day: date = super()._deserialize(value, attr, data, **kwargs)
        return day


class DayOrInstant(fields.Field[date]):
    """A bound of a range: a date of the wall clock, or an instant with an offset."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            metadata={
                "type": "string",
                "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T(0[0-9]|1[0-9]|2[0-3]):00:00Z)?$",
                "description": "A local date (as `to` inclusive), or an instant with an offset (as `to` exclusive).",
            },
            **kwargs,
        )
        self._day, self._instant = Day(), Instant()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        kind: fields.Field[Any] = (
            self._instant if isinstance(value, str) and len(value) > len("YYYY-MM-DD") else self._day
        )
        found: date = kind.deserialize(value)
        # Near the ends of the calendar a local midnight may lie outside it in UTC.
        if not 1900 <= found.year <= 2199:
            raise ValidationError("Expected a year from 1900 to 2199.")
        return found


class BirthDate(Day):
    """A birth date: not in the future, at most 130 years ago."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_born_plausibly, metadata={"pattern": "^(19[0-9]{2}|20[01][0-9])-"}, **kwargs)


def _born_plausibly(day: date) -> None:
    today = clock.today()
    if day > today:
        raise ValidationError("Must not be in the future.")
    if (day.year, day.month, day.day) < (today.year - OLDEST_YEARS, today.month, today.day):
        raise ValidationError(f"Must not be more than {OLDEST_YEARS} years ago.")


class Choice(fields.String):
    """One of the values of a string enum."""

    def __init__(self, choices: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf([choice.value for choice in choices]), **kwargs)


class Id(fields.UUID):
    """A UUID in its canonical form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> uuid.UUID:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
            raise ValidationError("Expected a UUID.")
        return uuid.UUID(value)


class Count(fields.Integer):
    """A whole JSON number within bounds; `"5"` and `true` are refused."""

    def __init__(self, low: int = 0, high: int = MAX_INT, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(low, high), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("Expected a whole number.")
        return value


class File(fields.Field[Upload]):
    """A file of a multipart form; its name is a single line without a path."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "format": "binary", **kwargs.pop("metadata", {})}, **kwargs)
        self._name = Line(most=200)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Upload:
        if not isinstance(value, Upload) or not value.name:
            raise ValidationError("Expected a file with a name.")
        self._name.deserialize(value.name)
        if "/" in value.name or "\\" in value.name:
            raise ValidationError("Expected the name of a file, not a path.")
        if not value.size:
            raise ValidationError("The file is empty.")
        return value


class Flag(fields.Boolean):
    """`true` or `false`, nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Expected true or false.")
        return value


class WholeNested(fields.Nested):
    """An object inside a body that is sent as a whole, in a PATCH too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, partial=False, **kwargs)


class Computed(fields.Field[Any]):
    """An output made of several columns: `make(*values of inputs)`; both dump paths use the same function.

    What is the same for all rows of an answer, such as today's date, comes from `once`, and is the last argument.
    """

    def __init__(
        self, make: Callable[..., Any], *inputs: str, once: Callable[[], Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(dump_only=True, **kwargs)
        self.once = once
        self.make: Callable[..., Any] = make if once is None else lambda *values: make(*values, once())
        self.make_with = make
        self.inputs = inputs

    def serialize(self, attr: str, obj: Any, accessor: Any = None, **kwargs: Any) -> Any:
        """Return what `make` makes of the inputs' values on `obj`."""
        return self.make(*(getattr(obj, name) for name in self.inputs))


class Money(fields.Field[int]):
    """An amount in the clinic's currency: a decimal string outside, minor units inside; never a JSON number."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"type": "string", "pattern": "^-?[0-9]{1,9}([.][0-9]{1,2})?$", "example": "12.50"}
        super().__init__(metadata={**metadata, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        currency = state.settings().clinic_currency
        try:
            if isinstance(value, str):
                return parse_money(value, currency)
        except NotMoney:
            pass
        raise ValidationError(f"Expected an amount as a string with at most {places_of(currency)} decimal places.")

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_money(value, state.settings().clinic_currency)


class Price(Money):
    """An amount that somebody is asked for: not negative."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"pattern": "^[0-9]{1,9}([.][0-9]{1,2})?$", **kwargs.pop("metadata", {})}
        super().__init__(
            validate=validate.Range(0, LARGEST, error="Must not be negative."), metadata=metadata, **kwargs
        )


class Percent(fields.Field[int]):
    """A rate in percent, from 0 to 100: a decimal string outside, hundredths of a percent inside."""

    def __init__(self, **kwargs: Any) -> None:
        published = {"type": "string", "pattern": "^(100|[0-9]{1,2}([.][0-9]{1,2})?)$", "example": "7.5"}
        super().__init__(metadata={**published, **kwargs.pop("metadata", {})}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            if isinstance(value, str):
                return parse_percent(value)
        except NotMoney:
            pass
        raise ValidationError("Expected a percentage from 0 to 100 as a string with at most 2 decimal places.")

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_percent(value)


def normal_form(value: str) -> str:
    """Return NFC in lower case: the form in which e-mail addresses and user names are compared."""
    return unicodedata.normalize("NFC", value).casefold()
