"""Compare doses with what is known to be too much at an age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from server.modules.medications.knowledge import Limit, dose_limits
from server.modules.prescriptions.enums import FindingKind, Severity
from server.modules.prescriptions.queries.known import About
from server.modules.prescriptions.service.checks.amounts import amount_of, in_unit, times_a_day
from server.modules.prescriptions.service.checks.findings import Drug, Finding, found

# From so many times the most on, a dose is a slip of the pen and no judgement.
_SLIP = 2


@dataclass(frozen=True, slots=True)
class _Bound:
    """How much is asked for against the most."""

    when: str
    value: Decimal
    most: Decimal
    unit: str


def against_doses(drugs: Sequence[Drug], patient: About) -> list[Finding]:
    """Return a finding for each medication that is too much, or not for this age at all, where that is known."""
    findings = []
    for drug in drugs:
        for position, ingredient in enumerate(drug.substances.ingredients):
            limit = dose_limits(ingredient.key, patient.age_in_days, patient.weight)
            if limit is not None:
                findings += _judged(drug, position, limit)
    return findings


def _judged(drug: Drug, position: int, limit: Limit) -> list[Finding]:
    name = drug.substances.ingredients[position].name
    if 0 in (limit.max_single, limit.max_daily):
        message = f"{name}, which is in {drug.substances.name}, is not for patients of this age."
        return [_finding(drug, (name, limit.source), Severity.CONTRAINDICATED, message, {"bound": "age"})]
    amount = drug.asked and amount_of(drug.asked, drug.substances, position)
    once = amount and in_unit(amount, limit.unit)
    if not once or drug.asked is None:
        return []
    times = times_a_day(drug.asked)
    daily = once * times if times else None
    bounds = [
        _Bound(when, value, most, limit.unit)
        for when, value, most in (("at once", once, limit.max_single), ("in a day", daily, limit.max_daily))
        if value is not None and most is not None and value > most
    ]
    too_much = [_too_much(drug, (name, limit.source), bound) for bound in bounds]
    return sorted(too_much, key=lambda one: one.severity)[:1]


def _too_much(drug: Drug, of: tuple[str, str], bound: _Bound) -> Finding:
    severity = Severity.CONTRAINDICATED if bound.value >= bound.most * _SLIP else Severity.WARNING
    value, most = _plain(bound.value), _plain(bound.most)
    message = f"{value} {bound.unit} of {of[0]} {bound.when} is more than {most} {bound.unit}."
    evidence = {"bound": bound.when, "value": value, "most": most, "unit": bound.unit}
    return _finding(drug, of, severity, message, evidence)


def _finding(drug: Drug, of: tuple[str, str], severity: Severity, message: str, evidence: dict[str, str]) -> Finding:
    ingredient, source = of
    beside = {"ingredient": ingredient, "source": source}
    return found(FindingKind.DOSE, severity, message, drug=drug, evidence={**beside, **evidence})


def _plain(number: Decimal) -> str:
    return f"{number.quantize(Decimal('0.001')).normalize():f}"
