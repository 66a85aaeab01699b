"""Evaluate for inadvertent, preferable and allowable vaccine (Logic Specification, chapter 6).

Volumes and trade names are not held: a volume is never asked for, and a rule for one product of a code is not met by
the code alone.
"""

from __future__ import annotations

from server.modules.vaccines.engine.facts import Dose
from server.modules.vaccines.engine.history import is_at_age
from server.modules.vaccines.engine.patient_series import PatientSeries
from server.modules.vaccines.engine.rules import SeriesDose, Vaccine


def is_inadvertent(target: SeriesDose, dose: Dose) -> bool:
    """Say whether the vaccine is one that is given here by mistake only."""
    return dose.cvx in target.inadvertent_vaccines


def is_right_vaccine(series: PatientSeries, target: SeriesDose, dose: Dose) -> bool:
    """Say whether the vaccine is preferable or allowable for a target dose at that age."""
    return any(_fits(series, one, dose) for one in (*target.preferable_vaccines, *target.allowable_vaccines))


def _fits(series: PatientSeries, vaccine: Vaccine, dose: Dose) -> bool:
    """Compare one vaccine of the rules with a dose."""
    if vaccine.cvx != dose.cvx or vaccine.trade_name is not None:
        return False
    return is_at_age(series.person, dose.given_on, vaccine.begin_age, vaccine.end_age)
