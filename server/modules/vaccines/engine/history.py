"""Organize immunization history: doses in the order they were given, by antigen.

Logic Specification, chapter 4, "organize immunization history".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from server.modules.vaccines.engine.facts import Dose, Person
from server.modules.vaccines.engine.periods import Period
from server.modules.vaccines.engine.rules import Rules


def in_order(doses: Iterable[Dose]) -> list[Dose]:
    """Put doses in the order they were given; the code and then the id decide on one day."""
    return sorted(doses, key=lambda dose: (dose.given_on, dose.cvx, str(dose.id)))


def by_antigen(rules: Rules, person: Person, doses: Iterable[Dose]) -> dict[str, list[Dose]]:
    """Take doses apart into the antigens that they hold; some codes hold one at certain ages only."""
    found: dict[str, list[Dose]] = {}
    for dose in in_order(doses):
        for association in rules.antigens_of.get(dose.cvx, ()):
            if is_at_age(person, dose.given_on, association.begin_age, association.end_age):
                found.setdefault(association.antigen, []).append(dose)
    return found


def is_at_age(person: Person, on: date, begin: Period | None, end: Period | None) -> bool:
    """Say whether a person was of an age from `begin`, and not yet of `end`, on a day."""
    if begin is not None and on < begin.after(person.date_of_birth):
        return False
    return end is None or on < end.after(person.date_of_birth)
