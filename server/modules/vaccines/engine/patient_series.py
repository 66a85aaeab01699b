"""A series as one person goes through it: which target doses are met, and by which doses."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from server.modules.vaccines.engine.facts import Dose, Person, Reason, Validity
from server.modules.vaccines.engine.rules import Rules, Series, SeriesDose


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A dose and what a target dose made of it."""

    dose: Dose
    validity: Validity
    reason: Reason | None = None

    @property
    def counts_for_intervals(self) -> bool:
        """Say whether intervals run from this dose (CALCDTINT-1: valid or not, but not given by mistake)."""
        return self.validity in {Validity.VALID, Validity.NOT_VALID} and self.reason is not Reason.INADVERTENT_VACCINE


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What every series of one evaluation shares."""

    rules: Rules
    person: Person
    as_of: date
    # Every dose that was given, of whatever antigen, in order.
    history: tuple[Dose, ...]
    # (antigen, series group) of the series that are complete.
    completed: frozenset[tuple[str, str]] = frozenset()


@dataclass(slots=True)
class PatientSeries:
    """A relevant series with the doses evaluated so far."""

    series: Series
    around: Circumstances
    evaluated: list[Evaluated] = field(default_factory=list)
    # By number of the target dose: the dose that satisfied it last.
    satisfied: dict[int, Dose] = field(default_factory=dict)
    position: int = 0

    @property
    def target(self) -> SeriesDose | None:
        """Give the target dose that is next; None after the last."""
        return self.series.doses[self.position] if self.position < len(self.series.doses) else None

    @property
    def valid(self) -> list[Evaluated]:
        """List the doses that count."""
        return [one for one in self.evaluated if one.validity == Validity.VALID]

    @property
    def previous(self) -> Evaluated | None:
        """Give the last dose from which an interval runs."""
        return next((one for one in reversed(self.evaluated) if one.counts_for_intervals), None)

    @property
    def person(self) -> Person:
        """Give the person."""
        return self.around.person
