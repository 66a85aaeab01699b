"""A small schedule that works without CDC's rules: the basics for children and adults.

Ages, intervals and vaccines: ACIP, "Recommended Child and Adolescent Immunization Schedule" and "Recommended Adult
Immunization Schedule", United States, 2024, with the catch-up table; days of grace and live vaccines: ACIP, "General
Best Practice Guidelines for Immunization". Left out: risk groups, and most shorter courses for a late start.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from server.modules.vaccines.engine.builtin.codes import CODES, GROUPS, LIVE, MMR
from server.modules.vaccines.engine.builtin.infants import infants
from server.modules.vaccines.engine.builtin.later import adolescents, adults, children
from server.modules.vaccines.engine.periods import period
from server.modules.vaccines.engine.rules import (
    Association,
    BirthImmunity,
    LiveVirusConflict,
    Rules,
    VaccineContent,
    VaccineGroup,
)


@cache
def builtin_rules() -> Rules:
    """Give the built-in schedule."""
    day, grace, apart = period("1 day"), period("24 days"), period("28 days")
    return Rules(
        name="built-in",
        edition="2024",
        source="ACIP, Recommended Immunization Schedules, United States, 2024 (basics)",
        groups=tuple(VaccineGroup(name, antigens) for name, antigens in GROUPS.items()),
        vaccines=_contents(),
        series=(*infants(), *children(), *adolescents(), *adults()),
        conflicts=tuple(LiveVirusConflict(one, other, day, grace, apart) for one in LIVE for other in LIVE),
        immunity=tuple(BirthImmunity(antigen, date(1957, 1, 1)) for antigen in MMR),
    )


def _contents() -> tuple[VaccineContent, ...]:
    """Turn the table of codes by antigen around."""
    held: dict[str, list[Association]] = {}
    for antigen, codes in CODES.items():
        for cvx in codes:
            held.setdefault(cvx, []).append(Association(antigen))
    return tuple(VaccineContent(cvx, tuple(antigens)) for cvx, antigens in sorted(held.items()))
