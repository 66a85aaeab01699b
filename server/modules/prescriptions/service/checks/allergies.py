"""Compare medications with allergies: by code, by name, by class, and where an allergy may cross to another class."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from server.core.text import fold_key
from server.modules.medications.knowledge import (
    class_named,
    classes_of_ingredient,
    cross_classes,
    key_of,
    shared_allergy_classes,
    substances_of,
)
from server.modules.patients.enums import AllergyClass
from server.modules.prescriptions.enums import FindingKind, Severity
from server.modules.prescriptions.queries import known
from server.modules.prescriptions.service.checks.findings import Drug, Finding, found

# What stands around the name of a substance where an allergy to it is named: "Allergy to penicillin V (disorder)".
_AROUND = re.compile(
    r"\([^)]*\)|\b(?:allerg(?:y|ies|ic)|hypersensitivity|intolerance|adverse|reaction|drug|medication|to)\b",
    re.IGNORECASE,
)
_MILD = "mild"
_NOT_DRUGS = frozenset({AllergyClass.FOOD, AllergyClass.ENVIRONMENT})


@dataclass(frozen=True, slots=True)
class _Allergy:
    """An allergy with what it means: ingredients by their keys, classes that it names, and those that it extends to."""

    row: Row[Any]
    keys: frozenset[str]
    named: frozenset[str]
    shared: frozenset[str]

    @property
    def rxnorm_code(self) -> str | None:
        return self.row.code if "rxnorm" in (self.row.code_system or "").lower() else None


@dataclass(frozen=True, slots=True)
class _Match:
    """By what a medication matches an allergy, and the worst that this can mean."""

    by: str
    what: str
    message: str
    is_crossing: bool = False
    source: str | None = None


def against_allergies(connection: Connection, drugs: Sequence[Drug], rows: Sequence[Row[Any]]) -> list[Finding]:
    """Return a finding for each allergy that a medication meets, by the closest match of the two."""
    allergies = _understood(connection, rows)
    return [
        _finding(drug, allergy, match)
        for drug in drugs
        for allergy in allergies
        if (match := next(_matches(drug, allergy), None)) is not None
    ]


def _matches(drug: Drug, allergy: _Allergy) -> Iterator[_Match]:
    """Yield how a medication meets an allergy, the closest first."""
    name, substance = drug.substances.name, allergy.row.substance
    for one in drug.substances.ingredients:
        if one.rxnorm_code is not None and one.rxnorm_code == allergy.rxnorm_code:
            yield _Match("code", one.name, f"The patient is allergic to {one.name}, which is in {name}.")
    for one in drug.substances.ingredients:
        if one.key in allergy.keys:
            yield _Match("name", one.name, f"The patient is allergic to {substance}; {name} holds {one.name}.")
    classes = drug.substances.classes
    for key in sorted(allergy.named & classes):
        yield _Match("class", key, f"The patient is allergic to {substance}; {name} is one of the {key}.")
    for key in sorted(allergy.shared & classes):
        yield _Match("class", key, f"The patient is allergic to {substance}, one of the {key} as {name} is.")
    for key in sorted(allergy.named | allergy.shared):
        for crossing in cross_classes(key):
            if crossing.class_key in classes:
                message = f"The patient is allergic to {substance}; {name} is one of the {crossing.class_key}."
                yield _Match("class", crossing.class_key, f"{message} {crossing.message}", True, crossing.source)


def _finding(drug: Drug, allergy: _Allergy, match: _Match) -> Finding:
    row = allergy.row
    evidence = {
        "match": match.by,
        "matched": match.what,
        "allergy_id": str(row.id),
        "allergy_version": row.version,
        "substance": row.substance,
        "severity": row.severity,
        "reaction": row.reaction,
    }
    if match.is_crossing:
        evidence |= {"is_cross_reaction": True, "source": match.source}
    return found(FindingKind.ALLERGY, _severity(row, match), match.message, drug=drug, evidence=evidence)


def _severity(row: Row[Any], match: _Match) -> Severity:
    """Return how grave a match is: a mild reaction, or one that may cross to another class, is to be acknowledged.

    What nobody said of how severe it was (imported ones) counts as severe.
    """
    if match.is_crossing or row.severity == _MILD:
        return Severity.WARNING
    return Severity.CONTRAINDICATED


def _understood(connection: Connection, rows: Sequence[Row[Any]]) -> list[_Allergy]:
    said = {row.id: _key(row.substance) for row in rows}
    classes = {row.id: class_named(row.substance) | class_named(said[row.id]) for row in rows}
    unknown = {
        said[row.id]
        for row in rows
        if not classes[row.id] and not classes_of_ingredient(said[row.id]) and row.allergy_class not in _NOT_DRUGS
    }
    brands = _in_brands(connection, {key for key in unknown if key})
    found_ = []
    for row in rows:
        keys = frozenset({key_of(row.substance), said[row.id]}) | brands.get(said[row.id], frozenset())
        of_keys = frozenset[str]().union(*map(classes_of_ingredient, keys))
        found_.append(_Allergy(row, keys, classes[row.id], of_keys & shared_allergy_classes()))
    return found_


def _key(substance: str) -> str:
    """Return the key of the substance that an allergy names, without the words around it."""
    bare = _AROUND.sub(" ", substance)
    return key_of(bare if fold_key(bare) else substance)


def _in_brands(connection: Connection, names: set[str]) -> Mapping[str, frozenset[str]]:
    """Return what is in all products of a brand, for allergies that are named by one: Bactrim, Tylenol."""
    called: dict[uuid.UUID, str] = known.products_named(connection, names)
    if not called:
        return {}
    products = substances_of(connection, called)
    found_: dict[str, frozenset[str]] = {}
    for medication_id, names_text in called.items():
        keys = frozenset(one.key for one in products[medication_id].ingredients)
        for name in names:
            if f"|{name}|" in names_text:
                found_[name] = found_[name] & keys if name in found_ else keys
    return found_
