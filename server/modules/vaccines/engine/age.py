"""Evaluate age (Logic Specification, chapter 6)."""

from __future__ import annotations

from datetime import date

from server.modules.vaccines.engine.facts import Reason, Validity
from server.modules.vaccines.engine.patient_series import PatientSeries
from server.modules.vaccines.engine.rules import Age, SeriesDose


def age_on(target: SeriesDose, on: date) -> Age | None:
    """Find the age rule in force on a day."""
    return next((age for age in target.ages if is_in_force(on, age.effective_on, age.cessation_on)), None)


def is_in_force(on: date, effective_on: date | None, cessation_on: date | None) -> bool:
    """Say whether a rule is in force on a day; both ends are included."""
    return (effective_on is None or effective_on <= on) and (cessation_on is None or on <= cessation_on)


def age_problem(series: PatientSeries, target: SeriesDose, given_on: date) -> tuple[Validity, Reason] | None:
    """Say what is wrong with the age at a dose. The four days of grace are in the absolute minimum."""
    age = age_on(target, given_on)
    if age is None:
        return None
    born = series.person.date_of_birth
    if age.absolute_minimum is not None and given_on < age.absolute_minimum.after(born):
        return Validity.NOT_VALID, Reason.TOO_YOUNG
    if age.minimum is not None and given_on < age.minimum.after(born) and follows_early_dose(series):
        return Validity.NOT_VALID, Reason.TOO_YOUNG
    if age.maximum is not None and given_on >= age.maximum.after(born):
        return Validity.EXTRANEOUS, Reason.TOO_OLD
    return None


def follows_early_dose(series: PatientSeries) -> bool:
    """Say whether the dose before was itself given too early: then there are no days of grace, but for the first."""
    previous = series.evaluated[-1] if series.evaluated and series.position else None
    return previous is not None and previous.reason is not None and previous.reason.is_early
