"""Tell common passwords and their easy variations: what a guesser tries first, by the lists that zxcvbn ships.

Only zxcvbn's pure functions are called: `zxcvbn()` itself writes to a table that all threads share.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from zxcvbn.matching import omnimatch
from zxcvbn.scoring import most_guessable_match_sequence

# "password1234" takes 10^4 guesses, "Password1234!" 10^5, "twelve chars" 10^9.
FEWEST_GUESSES = 10**7
_LONGEST = 128
# One reading for each sign that stands for a letter: zxcvbn tries all combinations of those that it finds, which takes
# seconds for a text made of them.
_PLAIN = str.maketrans("@$|([{<+%", "asicccctx")


def is_common(password: str) -> bool:
    """Whether it is a common password or an easy variation: repeated, with digits behind, with signs for letters."""
    text = _plain(password)
    found = most_guessable_match_sequence(text, omnimatch(text))
    return found["guesses"] < FEWEST_GUESSES and any(map(_is_telling, found["sequence"]))


def _plain(password: str) -> str:
    """Return the text without case, accents and signs for letters; folding may lengthen it, so it is cut."""
    letters = unicodedata.normalize("NFKD", password.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN)[:_LONGEST]


def _is_telling(part: Any) -> bool:
    """Whether a part is from a list, a keyboard, an alphabet or a calendar; a short part repeated is so by itself."""
    if part["pattern"] != "repeat":
        return bool(part["pattern"] != "bruteforce")
    return len(part["base_token"]) == 1 or any(map(_is_telling, part["base_matches"]))
