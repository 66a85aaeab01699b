"""Built-in series that begin at one year or later."""

from __future__ import annotations

from dataclasses import replace

from server.modules.vaccines.engine.builtin.codes import ADULT_TETANUS, MMR, TETANUS
from server.modules.vaccines.engine.builtin.form import (
    after,
    at,
    dose,
    not_due_unless_begun,
    series,
    skip_from_age,
    skips_once_apart,
)
from server.modules.vaccines.engine.periods import period
from server.modules.vaccines.engine.rules import Context, Interval, Series


def children() -> tuple[Series, ...]:
    """List the series that begin at one year, and the yearly one."""
    return (
        *(
            series(
                f"{antigen} 2-dose",
                antigen,
                (
                    dose(1, at("12 months - 4 days", "12 months", "12 months", "16 months + 4 weeks")),
                    dose(
                        2,
                        at("13 months - 4 days", "13 months", "4 years", "7 years + 4 weeks"),
                        after("4 weeks"),
                        # One dose is enough for adults who are not at risk.
                        skips=(skip_from_age("19 years"),),
                    ),
                ),
            )
            for antigen in MMR
        ),
        series(
            "Varicella 2-dose",
            "Varicella",
            (
                dose(1, at("12 months - 4 days", "12 months", "12 months", "16 months + 4 weeks")),
                dose(
                    2,
                    at("13 months", "15 months", "4 years", "7 years + 4 weeks"),
                    after("12 weeks"),
                    allowed=Interval(from_previous=True, absolute_minimum=period("4 weeks")),
                ),
            ),
            before="13 years",
        ),
        series(
            "Varicella 2-dose from 13 years",
            "Varicella",
            (dose(1, at("13 years", "13 years")), dose(2, None, after("4 weeks"))),
            preference=2,
        ),
        series(
            "HepA 2-dose",
            "HepA",
            (
                dose(
                    1,
                    at("12 months - 4 days", "12 months", "12 months", "24 months + 4 weeks"),
                    # Adults are given it for a risk or because they wish it, which the chart does not say.
                    skips=(not_due_unless_begun("19 years"),),
                ),
                dose(
                    2,
                    at("18 months - 4 days", "18 months", "18 months"),
                    after("6 months"),
                    skips=(not_due_unless_begun("19 years"),),
                ),
            ),
        ),
        # The second dose in a child's first season is left out: this schedule knows no seasons.
        series(
            "Influenza, every year",
            "Influenza",
            (
                dose(1, at("6 months - 4 days", "6 months", "6 months")),
                dose(
                    2,
                    None,
                    Interval(
                        from_previous=True,
                        absolute_minimum=period("4 weeks - 4 days"),
                        minimum=period("6 months"),
                        earliest_recommended=period("1 year"),
                    ),
                    is_recurring=True,
                ),
            ),
        ),
    )


def adolescents() -> tuple[Series, ...]:
    """List the series that begin at nine to eleven years."""
    # Recommended up to 26 years; from 27 to 45 it is decided with the patient.
    until_27 = (not_due_unless_begun("27 years"),)
    not_from_22 = skip_from_age("22 years", Context.FORECAST)
    return (
        series(
            "HPV 2-dose",
            "HPV",
            (
                dose(1, at("9 years - 4 days", "9 years", "11 years", "13 years + 4 weeks", until="46 years")),
                # A second dose that comes early counts, and a third one is needed then.
                dose(
                    2,
                    at(until="46 years"),
                    replace(after("5 months", "6 months"), absolute_minimum=period("4 weeks - 4 days")),
                    skips=skips_once_apart("5 months"),
                ),
                dose(3, at(until="46 years"), after("12 weeks"), after("5 months", "6 months", of=1)),
            ),
            before="15 years",
        ),
        series(
            "HPV 3-dose from 15 years",
            "HPV",
            (
                dose(1, at("15 years", "15 years", until="46 years"), skips=until_27),
                dose(2, at(until="46 years"), after("4 weeks"), skips=until_27),
                dose(3, at(until="46 years"), after("12 weeks"), after("5 months", "6 months", of=1), skips=until_27),
            ),
            preference=2,
        ),
        series(
            "Meningococcal 2-dose",
            "Meningococcal",
            (
                dose(
                    1,
                    at("10 years", "11 years", "11 years", "13 years + 4 weeks"),
                    skips=(skip_from_age("16 years"),),
                ),
                dose(
                    2,
                    at("16 years - 4 days", "16 years", "16 years", "17 years + 4 weeks"),
                    after("8 weeks"),
                    skips=(not_from_22,),
                ),
            ),
        ),
    )


def adults() -> tuple[Series, ...]:
    """List the series of adults, and tetanus for those who begin at seven years or later."""
    return (
        series(
            "Tdap, then Td, from 7 years",
            TETANUS,
            (
                dose(1, at("7 years", "7 years"), vaccines=ADULT_TETANUS),
                dose(2, None, after("4 weeks"), vaccines=ADULT_TETANUS),
                dose(3, None, after("6 months"), vaccines=ADULT_TETANUS),
                dose(4, None, after("5 years", "10 years"), is_recurring=True, vaccines=ADULT_TETANUS),
            ),
            preference=2,
        ),
        series(
            "Pneumococcal 1-dose from 65 years",
            "Pneumococcal",
            (dose(1, at("65 years", "65 years", "65 years"), after("1 year")),),
            group="65+",
            from_age="65 years",
        ),
        series(
            "Zoster 2-dose",
            "Zoster",
            (
                dose(1, at("50 years - 4 days", "50 years", "50 years"), after("8 weeks"), vaccines=("187",)),
                dose(2, None, after("4 weeks", "2 months"), vaccines=("187",)),
            ),
            from_age="50 years",
        ),
    )
