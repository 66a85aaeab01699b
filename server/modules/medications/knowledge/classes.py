"""Of which classes an ingredient is, which classes a text means, and between which an allergy may cross."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from server.core.text import fold, fold_key
from server.modules.medications.knowledge.keys import key_of
from server.modules.medications.knowledge.tables import listed, read_table

# Words around the name of a class that say nothing of which one it is.
_PADDING = frozenset(
    fold(
        "a agent agents all allergic allergies allergy and antibiotic antibiotics any based class containing "
        "derivative derivatives drug drugs family group hypersensitivity in intolerance intolerant medication "
        "medications medicine medicines of other product products reaction sensitivity substance substances the to "
        "type "
    )
)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Another class to which an allergy may cross, and how likely that is."""

    class_key: str
    message: str
    source: str


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    above: frozenset[str]
    names: frozenset[str]
    shares_allergy: bool


def classes_of_ingredient(key: str) -> frozenset[str]:
    """Return the keys of the classes of an ingredient, those above them included; none where it is not in the table."""
    return with_those_above(_classes_by_ingredient().get(key, ()))


def with_those_above(keys: Iterable[str]) -> frozenset[str]:
    """Return classes and all that they are part of."""
    found: set[str] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            known = _classes().get(key)
            waiting.extend(known.above if known else ())
    return frozenset(found)


def class_named(text: str) -> frozenset[str]:
    """Return the keys of the classes that a text means: "Penicillins", "penicillin allergy", "sulfa drugs", "NSAIDs".

    None where it names no class, a single drug or latex for example.
    """
    key = fold_key(text)
    if key in _named():
        return _named()[key]
    words = [word for word in fold(text) if word not in _PADDING]
    return _named().get(" ".join(words), frozenset())


def class_key(name: str) -> str:
    """Return the key of a class: the one by which the table knows it under any of its names, or its folded name."""
    means = _named().get(fold_key(name), frozenset())
    return next(iter(means)) if len(means) == 1 else fold_key(name)


def cross_classes(key: str) -> tuple[Crossing, ...]:
    """Return to which other classes an allergy against one may cross; a warning, no more."""
    return _crossings().get(key, ())


@cache
def shared_allergy_classes() -> frozenset[str]:
    """Return the classes of which all members count where somebody is allergic to one of them."""
    return frozenset(key for key, known in _classes().items() if known.shares_allergy)


@cache
def _classes() -> Mapping[str, _Class]:
    return {
        fold_key(row["class"]): _Class(
            name=row["class"],
            above=frozenset(map(fold_key, listed(row["part_of"]))),
            names=frozenset(map(fold_key, [row["class"], *listed(row["other_names"])])),
            shares_allergy=row["shares_allergy"] == "yes",
        )
        for row in read_table("classes")
    }


@cache
def _named() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for key, known in _classes().items():
        for name in known.names:
            for said in {name, " ".join(word for word in name.split() if word not in _PADDING)}:
                found[said] = found.get(said, frozenset()) | {key}
    found.pop("", None)
    return found


@cache
def _classes_by_ingredient() -> Mapping[str, frozenset[str]]:
    return {
        key_of(row["ingredient"]): frozenset(map(fold_key, listed(row["classes"])))
        for row in read_table("ingredient_classes")
    }


@cache
def _crossings() -> Mapping[str, tuple[Crossing, ...]]:
    found: dict[str, list[Crossing]] = {}
    for row in read_table("cross_reactions"):
        one, other = fold_key(row["class"]), fold_key(row["other"])
        for key, far in ((one, other), (other, one)):
            found.setdefault(key, []).append(Crossing(far, row["message"], row["source"]))
    return {key: tuple(crossings) for key, crossings in found.items()}
