"""Read CDC's official test cases and say how far the engine agrees with them.

Source: CDC, CDSi, "healthy childhood and adult test cases" (CSV); in the public domain.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from server.modules.vaccines.engine import Dose, Due, Person, Rules, evaluate
from server.modules.vaccines.engine.facts import Verdict
from server.modules.vaccines.schedules.archive import Unreadable

# The words of the cases for what the rules call otherwise.
GROUPS = {
    "DTAP": "DTaP/Tdap/Td",
    "FLU": "Influenza",
    "MCV": "Meningococcal",
    "MENB": "Meningococcal B",
    "PCV": "Pneumococcal",
    "POL": "Polio",
    "ROTA": "Rotavirus",
    "VAR": "Varicella",
}
# A case has at most so many doses.
_DOSES = 7


@dataclass(frozen=True, slots=True)
class Case:
    """One official case: what was given, and what CDC makes of it."""

    id: str
    vaccine_group: str
    person: Person
    as_of: date
    doses: tuple[Dose, ...]
    # By dose: valid, not_valid, extraneous, sub_standard.
    validities: tuple[str, ...]
    series_status: str
    earliest_on: date | None
    recommended_on: date | None
    past_due_on: date | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """On what a case and the engine agree."""

    case: Case
    # Every dose counts or not as it should.
    doses: bool
    # The recommended day of the next dose, or that none is due.
    recommended: bool
    # Besides that day the earliest, the past due one, and where the person stands.
    forecast: bool
    verdicts: tuple[Verdict, ...]
    due: Due | None

    @property
    def main(self) -> bool:
        """Say whether all doses and the next due date agree."""
        return self.doses and self.recommended

    @property
    def strict(self) -> bool:
        """Say whether everything agrees."""
        return self.doses and self.forecast


def read_cases(path: Path) -> list[Case]:
    """Read the cases of a file. Unreadable where it is not one of CDC's."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            found = [_case(row) for row in csv.DictReader(lines)]
    except (KeyError, TypeError, ValueError, OSError, csv.Error) as error:
        raise Unreadable(f"{path.name} is not a file of CDC's test cases: {error!r}") from error
    if not found:
        raise Unreadable(f"{path.name} is not a file of CDC's test cases: it has none.")
    return found


def measure(rules: Rules, cases: Iterable[Case]) -> Iterator[Agreement]:
    """Evaluate each case and compare."""
    for case in cases:
        evaluation = evaluate(rules, case.person, case.doses, case.as_of)
        group = _name_in(rules, case.vaccine_group)
        # A dose of another group (a live vaccine that stands in the way) has no verdict in this one.
        found = {one.dose_id: one for one in evaluation.verdicts}
        found |= {one.dose_id: one for one in evaluation.by_group if one.vaccine_group == group}
        due = next((one for one in evaluation.due if one.vaccine_group == group), None)
        told = [found[dose.id].validity for dose in case.doses]
        recommended = (due.recommended_on if due else None) == case.recommended_on
        yield Agreement(
            case,
            doses=told == list(case.validities),
            recommended=recommended,
            forecast=recommended
            and due is not None
            and (due.earliest_on, due.past_due_on) == (case.earliest_on, case.past_due_on)
            and due.series_status == case.series_status,
            verdicts=tuple(found.values()),
            due=due,
        )


def _name_in(rules: Rules, name: str) -> str:
    """Give the name that the rules have for the vaccine group of a case."""
    wanted = GROUPS.get(name.upper(), name)
    return next((group.name for group in rules.groups if group.name.upper() == wanted.upper()), wanted)


def _case(row: Mapping[str, str]) -> Case:
    """Read one line."""
    given = [number for number in range(1, _DOSES + 1) if row[f"CVX_{number}"].strip()]
    return Case(
        id=row["CDC_Test_ID"],
        vaccine_group=row["Vaccine_Group"],
        person=Person(_needed_day(row["DOB"]), {"F": "female", "M": "male"}.get(row["gender"], "unknown")),
        as_of=_needed_day(row["Assessment_Date"]),
        doses=tuple(
            Dose(number, row[f"CVX_{number}"].strip().zfill(2), _needed_day(row[f"Date_Administered_{number}"]))
            for number in given
        ),
        validities=tuple(_word(row[f"Evaluation_Status_{number}"]) for number in given),
        series_status=_word(row["Series_Status"]),
        earliest_on=_day(row["Earliest_Date"]),
        recommended_on=_day(row["Recommended_Date"]),
        past_due_on=_day(row["Past_Due_Date"]),
    )


def _word(text: str) -> str:
    """Write the words of the cases as those of the engine."""
    return text.strip().lower().replace(" ", "_").replace("-", "_")


def _day(text: str) -> date | None:
    """Read a day, or none."""
    return _needed_day(text) if text.strip() else None


def _needed_day(text: str) -> date:
    """Read a day, written 12/31/2020."""
    return datetime.strptime(text.strip(), "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone
