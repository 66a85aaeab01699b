"""Evaluate live virus conflict (Logic Specification, chapter 6)."""

from __future__ import annotations

from datetime import date

from server.modules.vaccines.engine.facts import Dose, Validity
from server.modules.vaccines.engine.patient_series import Circumstances, PatientSeries
from server.modules.vaccines.engine.rules import SeriesDose


def is_in_conflict(series: PatientSeries, dose: Dose) -> bool:
    """Say whether a live vaccine came too soon after another one; on the same day is no conflict.

    Days of grace are for doses that follow one that counts.
    """
    not_valid = {one.dose.id for one in series.evaluated if one.validity == Validity.NOT_VALID}
    for earlier in series.around.history:
        conflict = series.around.rules.conflicts_of.get((earlier.cvx, dose.cvx))
        if conflict is None or earlier.given_on >= dose.given_on:
            continue
        end = conflict.end if earlier.id in not_valid else conflict.minimum_end
        if conflict.begin.after(earlier.given_on) <= dose.given_on < end.after(earlier.given_on):
            return True
    return False


def conflict_ends_on(around: Circumstances, target: SeriesDose) -> date | None:
    """Give the first day on which some vaccine for a target dose is free of conflict with what was given."""
    ends = [_ends_on(around, vaccine.cvx) for vaccine in target.preferable_vaccines]
    free = [end for end in ends if end is not None]
    # One vaccine that no earlier dose stands against is enough (the injected one of influenza).
    return min(free) if free and len(free) == len(ends) else None


def _ends_on(around: Circumstances, cvx: str) -> date | None:
    """Give the last end of the conflicts of one vaccine with what was given."""
    found = [
        conflict.end.after(earlier.given_on)
        for earlier in around.history
        if (conflict := around.rules.conflicts_of.get((earlier.cvx, cvx))) is not None
    ]
    return max(found, default=None)
