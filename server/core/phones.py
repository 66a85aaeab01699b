"""Read phone numbers: E.164 where the number is possible, its digits where it is odd or foreign, never lost."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

from server.core.text import digits_of

# 7 to 15 digits with the punctuation that people type.
PHONE_PATTERN = r"^ *(\+ *)?[(]?[0-9]([ ().\/\-]*[0-9]){6,14}[ ().\/\-]*$"
_ACCEPTED = re.compile(PHONE_PATTERN)


class NotAPhone(ValueError):
    """The text has not 7 to 15 digits, or has letters."""


def normalise_phone(text: str, country: str) -> str:
    """Return `text` as E.164 when libphonenumber finds it possible for `country`, else as its digits (`+` kept).

    *Possible*, never *valid*: a new or test number must not be refused. A local-only number (7 digits in the US) is
    possible in its town only and stays digits.
    """
    if not _ACCEPTED.fullmatch(text):
        raise NotAPhone(text)
    number = _parse(text, country)
    if number is not None:
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return ("+" if text.lstrip().startswith("+") else "") + digits_of(text)


def phone_search_words(stored: str, country: str) -> list[str]:
    """Return the digit strings by which a stored number is found: international and, with its trunk 0, national."""
    words = [digits_of(stored)]
    number = _parse(stored, country)
    if number is not None:
        words.append(digits_of(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)))
    return list(dict.fromkeys(words))


def _parse(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return number
