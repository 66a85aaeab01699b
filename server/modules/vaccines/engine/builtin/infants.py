"""Built-in series that begin in the first months."""

from __future__ import annotations

from server.modules.vaccines.engine.builtin.codes import ADULT_TETANUS, CONJUGATES, TETANUS
from server.modules.vaccines.engine.builtin.form import (
    after,
    at,
    dose,
    not_due_unless_begun,
    series,
    skip_from_age,
    skip_with_valid_dose_from,
)
from server.modules.vaccines.engine.rules import Series, SeriesDose


def infants() -> tuple[Series, ...]:
    """List the series that begin in the first months."""
    rotavirus_end = "8 months + 1 day"
    # Most adults are taken as vaccinated against polio as children.
    adults = (not_due_unless_begun("18 years"),)
    return (
        series(
            "HepB 3-dose",
            "HepB",
            (
                dose(1, at(absolute="0 days", earliest="0 days", latest="4 weeks", until="60 years")),
                dose(
                    2,
                    at("4 weeks - 4 days", "4 weeks", "1 month", "2 months + 4 weeks", until="60 years"),
                    after("4 weeks"),
                ),
                dose(
                    3,
                    at("24 weeks - 4 days", "24 weeks", "6 months", "19 months + 4 weeks", until="60 years"),
                    after("8 weeks"),
                    after("16 weeks", of=1),
                ),
            ),
        ),
        series(
            "Rotavirus 3-dose",
            "Rotavirus",
            (
                dose(1, at("6 weeks - 4 days", "6 weeks", "2 months", until="15 weeks")),
                dose(2, at(minimum="10 weeks", earliest="4 months", until=rotavirus_end), after("4 weeks")),
                dose(3, at(minimum="14 weeks", earliest="6 months", until=rotavirus_end), after("4 weeks")),
            ),
        ),
        series(
            "Rotavirus 2-dose",
            "Rotavirus",
            (
                dose(1, at("6 weeks - 4 days", "6 weeks", "2 months", until="15 weeks"), vaccines=("119",)),
                dose(
                    2,
                    at(minimum="10 weeks", earliest="4 months", until=rotavirus_end),
                    after("4 weeks"),
                    vaccines=("119",),
                ),
            ),
            is_product=True,
            preference=2,
        ),
        series(
            "DTaP 5-dose, then Tdap and boosters",
            TETANUS,
            (
                dose(1, at("6 weeks - 4 days", "6 weeks", "2 months", "3 months + 4 weeks")),
                dose(2, at("10 weeks - 4 days", "10 weeks", "4 months", "5 months + 4 weeks"), after("4 weeks")),
                dose(3, at("14 weeks - 4 days", "14 weeks", "6 months", "7 months + 4 weeks"), after("4 weeks")),
                dose(
                    4,
                    at("12 months - 4 days", "15 months", "15 months", "19 months + 4 weeks"),
                    after("6 months"),
                    allowed=after("4 months"),
                ),
                dose(
                    5,
                    at("4 years - 4 days", "4 years", "4 years", "7 years"),
                    after("6 months"),
                    skips=(skip_with_valid_dose_from("4 years - 4 days"),),
                ),
                *_tetanus_boosters(6),
            ),
            before="7 years",
        ),
        series(
            "Hib 4-dose",
            "Hib",
            (
                dose(1, at("6 weeks - 4 days", "6 weeks", "2 months", "3 months + 4 weeks", until="5 years")),
                dose(
                    2,
                    at("10 weeks - 4 days", "10 weeks", "4 months", "5 months + 4 weeks", until="5 years"),
                    after("4 weeks"),
                    skips=(skip_from_age("15 months"),),
                ),
                dose(
                    3,
                    at("14 weeks - 4 days", "14 weeks", "6 months", "7 months + 4 weeks", until="5 years"),
                    after("4 weeks"),
                    skips=(skip_from_age("12 months"),),
                ),
                dose(
                    4,
                    at("12 months - 4 days", "12 months", "12 months", "16 months + 4 weeks", until="5 years"),
                    after("8 weeks"),
                ),
            ),
            before="15 months",
        ),
        series(
            "Hib 1-dose from 15 months",
            "Hib",
            (dose(1, at("15 months - 4 days", "15 months", until="5 years")),),
            preference=2,
        ),
        series(
            "Pneumococcal 4-dose",
            "Pneumococcal",
            (
                dose(
                    1,
                    at("6 weeks - 4 days", "6 weeks", "2 months", "3 months + 4 weeks", until="5 years"),
                    vaccines=CONJUGATES,
                ),
                dose(
                    2,
                    at("10 weeks - 4 days", "10 weeks", "4 months", "5 months + 4 weeks", until="5 years"),
                    after("4 weeks"),
                    vaccines=CONJUGATES,
                    skips=(skip_from_age("24 months"),),
                ),
                dose(
                    3,
                    at("14 weeks - 4 days", "14 weeks", "6 months", "7 months + 4 weeks", until="5 years"),
                    after("4 weeks"),
                    vaccines=CONJUGATES,
                    skips=(skip_from_age("12 months"),),
                ),
                dose(
                    4,
                    at("12 months - 4 days", "12 months", "12 months", "16 months + 4 weeks", until="5 years"),
                    after("8 weeks"),
                    vaccines=CONJUGATES,
                ),
            ),
            before="24 months",
        ),
        series(
            "Pneumococcal 1-dose from 24 months",
            "Pneumococcal",
            (dose(1, at("24 months - 4 days", "24 months", until="5 years"), vaccines=CONJUGATES),),
            preference=2,
        ),
        series(
            "Polio 4-dose",
            "Polio",
            (
                dose(1, at("6 weeks - 4 days", "6 weeks", "2 months", "3 months + 4 weeks"), skips=adults),
                dose(
                    2,
                    at("10 weeks - 4 days", "10 weeks", "4 months", "5 months + 4 weeks"),
                    after("4 weeks"),
                    skips=adults,
                ),
                dose(
                    3,
                    at("14 weeks - 4 days", "14 weeks", "6 months", "19 months + 4 weeks"),
                    after("4 weeks"),
                    skips=(skip_from_age("4 years"), *adults),
                ),
                dose(
                    4,
                    at("4 years - 4 days", "4 years", "4 years", "7 years + 4 weeks"),
                    after("6 months"),
                    skips=adults,
                ),
            ),
        ),
    )


def _tetanus_boosters(number: int) -> tuple[SeriesDose, SeriesDose]:
    """Give Tdap at eleven years, then Td or Tdap every ten."""
    return (
        dose(
            number,
            at("10 years", "11 years", "11 years", "13 years + 4 weeks"),
            after("0 days"),
            vaccines=ADULT_TETANUS,
        ),
        dose(number + 1, None, after("5 years", "10 years"), vaccines=ADULT_TETANUS, is_recurring=True),
    )
