"""What is kept of a product beside what was said: by what it is found, ranked, and known as the same drug."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from server.core.search import search_text
from server.core.text import fold, fold_key
from server.modules.medications.knowledge import key_of
from server.modules.medications.knowledge.keys import other_names_of
from server.modules.medications.knowledge.naming import substances_in
from server.modules.medications.models import Medication

_AMOUNT = re.compile(r"\d[\d,]*(?:\.\d+)?")


def describe(medication: Medication, ingredients: Sequence[tuple[str, str | None]], barcode: str | None) -> None:
    """Keep a product's keys in step with what was said of it, its ingredients (name and code) and its barcode."""
    names = [name for name, _ in ingredients] or substances_in(medication.generic_name or medication.name)
    keys = list(dict.fromkeys(map(key_of, names)))
    medication.name_key = fold_key(medication.name)
    medication.form_key = fold_key(medication.form or "")
    medication.ingredient_count = len(keys)
    said = [medication.name, medication.generic_name, *(medication.brands or "").split("\n"), *names, *keys]
    said += [other for key in keys for other in other_names_of(key)]
    called = [fold(one) for one in (*said, medication.rxnorm_code, barcode) if one]
    medication.names_text = f"|{'|'.join(dict.fromkeys(map(' '.join, called)))}|"
    medication.search_text = search_text(*called, *(fold(code) for _, code in ingredients if code))
    medication.drug_key = drug_key_of(keys, medication.strength, medication.form)


def drug_key_of(ingredient_keys: Iterable[str], strength: str | None, form: str | None) -> str:
    """Return by what the same drug in the same strength and form is known, whoever makes it."""
    amounts = _AMOUNT.sub(_plain_amount, strength or "")
    return fold_key(" / ".join([*sorted(ingredient_keys), amounts, form or ""]))


def _plain_amount(found: re.Match[str]) -> str:
    """Write an amount so that 0.50 and .5 and 1,000 and 1000 are one, and folding keeps its point."""
    return f" {Decimal(found[0].replace(',', '')).normalize():f} ".replace(".", "p")
