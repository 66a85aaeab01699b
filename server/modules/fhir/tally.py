"""Count what became of each resource, and list line by line what was not placed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

ADDED, CHANGED, UNCHANGED, VOIDED = "added", "changed", "unchanged", "voided"
PLACED = (ADDED, CHANGED, UNCHANGED, VOIDED)
NOTES = "left out"


@dataclass
class Tally:
    """The counts of one run; lines go to the report's file as they come, so that memory stays flat."""

    lines: IO[str] | None = None
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def count(self, resource_type: str, outcome: str) -> None:
        """Count a resource that became ours, or was so already."""
        self.outcomes[resource_type, outcome] += 1

    def refuse(self, place: str, resource_type: str, resource_id: str, reason: str, detail: str = "") -> None:
        """Count and list a resource that was not placed."""
        self.outcomes[resource_type, reason] += 1
        self._line(place, resource_type, resource_id, reason, detail)

    def note(self, place: str, resource_type: str, resource_id: str, left_out: list[str]) -> None:
        """List the fields that a placed resource came without."""
        for detail in left_out:
            self.notes[resource_type, detail.partition(":")[0]] += 1
            self._line(place, resource_type, resource_id, NOTES, detail)

    def cannot_read(self, place: str, why: str) -> None:
        """List an input, or a line of it, that cannot be read."""
        self.unreadable.append((place, why))
        self._line(place, "", "", "unreadable", why)

    def add(self, other: Tally) -> None:
        """Take in the counts of a piece that is committed."""
        self.outcomes += other.outcomes
        self.notes += other.notes

    def _line(self, *parts: str) -> None:
        if self.lines is not None:
            self.lines.write("\t".join(part.replace("\t", " ").replace("\n", " ") for part in parts) + "\n")

    def placed(self) -> Iterator[str]:
        """Yield a sentence for each type that has a room and was seen."""
        kinds = {kind: None for kind, outcome in self.outcomes if outcome in PLACED}
        for kind in kinds:
            counts = [f"{n} {outcome}" for outcome in PLACED if (n := self.outcomes[kind, outcome])]
            yield f"{kind}: {', '.join(counts)}"

    def others(self) -> Iterator[tuple[str, str, int]]:
        """Yield reason, type and number of what was not placed."""
        for (kind, outcome), number in sorted(self.outcomes.items(), key=lambda item: (item[0][1], item[0][0])):
            if outcome not in PLACED and number:
                yield outcome, kind, number

    def as_counts(self) -> dict[str, int]:
        """Return the counts by outcome, for the audit row."""
        totals: Counter[str] = Counter()
        for (_, outcome), number in self.outcomes.items():
            totals[str(outcome)] += number
        return dict(totals)
