"""Compare medications with each other and with what the patient takes: interactions, and the same substance twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from server.modules.medications.knowledge import Pair, interactions_among
from server.modules.prescriptions.enums import FindingKind, Severity
from server.modules.prescriptions.service.checks.findings import Drug, Finding, found


def against_others(connection: Connection, wanted: Sequence[Drug], taken: Sequence[Drug]) -> list[Finding]:
    """Return what speaks against medications because of others, be these asked for too or taken already."""
    left = frozenset[str]().union(*(drug.all_keys for drug in wanted))
    right = left.union(*(drug.all_keys for drug in taken))
    pairs = interactions_among(connection, left, right)
    findings = []
    for drug, other in _beside_each_other(wanted, taken):
        findings += _duplicates(drug, other)
        findings += [_interaction(drug, other, pair) for pair in pairs if _is_between(pair, drug, other)]
    return findings


def _beside_each_other(wanted: Sequence[Drug], taken: Sequence[Drug]) -> Iterator[tuple[Drug, Drug]]:
    """Yield each two that would be taken together; of two that are asked for, the later one is blamed."""
    for number, drug in enumerate(wanted):
        for other in (*wanted[:number], *taken):
            yield drug, other


def _is_between(pair: Pair, drug: Drug, other: Drug) -> bool:
    """Whether a pair is one side in each; what both have in common is a duplicate and no interaction."""
    ours, theirs = drug.all_keys, other.all_keys
    if pair.a_key == pair.b_key:
        return pair.a_key in ours & theirs and not drug.keys & other.keys
    return (pair.a_key in ours and pair.b_key in theirs) or (pair.b_key in ours and pair.a_key in theirs)


def _interaction(drug: Drug, other: Drug, pair: Pair) -> Finding:
    return found(
        FindingKind.INTERACTION,
        Severity(pair.severity),
        f"{drug.substances.name} with {other.substances.name}: {pair.message}",
        drug=drug,
        evidence={"pair": [pair.a_key, pair.b_key], "source": pair.source, "other": other.named()},
    )


def _duplicates(drug: Drug, other: Drug) -> list[Finding]:
    shared = sorted(drug.keys & other.keys)
    if not shared:
        return []
    where = f"prescription {other.taken.rx_number}" if other.taken else "this prescription"
    return [
        found(
            FindingKind.DUPLICATE,
            Severity.WARNING,
            f"{', '.join(shared)} is in {drug.substances.name} and in {other.substances.name} of {where}.",
            drug=drug,
            evidence={"ingredients": shared, "other": other.named()},
        )
    ]
