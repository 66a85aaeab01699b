"""Evaluate doses against the target doses of a series (Logic Specification, chapters 4 and 6)."""

from __future__ import annotations

from collections.abc import Iterable

from server.modules.vaccines.engine.age import age_problem
from server.modules.vaccines.engine.conflict import is_in_conflict
from server.modules.vaccines.engine.facts import Dose, Reason, Validity
from server.modules.vaccines.engine.interval import is_far_enough
from server.modules.vaccines.engine.patient_series import Circumstances, Evaluated, PatientSeries
from server.modules.vaccines.engine.rules import Context, Series, SeriesDose
from server.modules.vaccines.engine.skip import is_skipped
from server.modules.vaccines.engine.vaccine import is_inadvertent, is_right_vaccine


def evaluate_series(series: Series, around: Circumstances, doses: Iterable[Dose]) -> PatientSeries:
    """Go through a person's doses of an antigen, oldest first, and through the target doses of a series."""
    patient_series = PatientSeries(series, around)
    for dose in doses:
        patient_series.evaluated.append(_evaluate_next(patient_series, dose))
    return patient_series


def _evaluate_next(series: PatientSeries, dose: Dose) -> Evaluated:
    """Evaluate one dose against the target dose that is next, and move on where it is satisfied."""
    if dose.is_expired:
        return Evaluated(dose, Validity.SUB_STANDARD, Reason.EXPIRED_LOT)
    while series.target is not None and is_skipped(series, series.target, Context.EVALUATION, dose.given_on):
        series.position += 1
    target = series.target
    if target is None:
        return Evaluated(dose, Validity.EXTRANEOUS, Reason.SERIES_COMPLETE)
    if problem := _problem(series, target, dose):
        return Evaluated(dose, *problem)
    series.satisfied[target.number] = dose
    if not target.is_recurring:
        series.position += 1
    return Evaluated(dose, Validity.VALID)


def _problem(series: PatientSeries, target: SeriesDose, dose: Dose) -> tuple[Validity, Reason] | None:
    """Say why a dose does not satisfy a target dose; the first reason in the order of the specification."""
    if is_inadvertent(target, dose):
        return Validity.NOT_VALID, Reason.INADVERTENT_VACCINE
    if problem := age_problem(series, target, dose.given_on):
        return problem
    if not is_far_enough(series, target, dose.given_on):
        return Validity.NOT_VALID, Reason.INTERVAL_TOO_SHORT
    if is_in_conflict(series, dose):
        return Validity.NOT_VALID, Reason.LIVE_VIRUS_CONFLICT
    if not is_right_vaccine(series, target, dose):
        return Validity.NOT_VALID, Reason.WRONG_VACCINE
    return None
