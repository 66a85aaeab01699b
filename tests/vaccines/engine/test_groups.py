"""Vaccine groups: antigens that are given together, and doses that hold several."""

from datetime import date

import pytest

from server.modules.vaccines.engine.codec import from_json
from tests.vaccines.engine.support import after, ask, dates, due, series, target, verdicts


def rules_of_two(*, other=(), **fields):
    """Make rules of one group of testpox and checkpox, which vaccine 900 holds both."""
    year = {"absolute_minimum": "1 year", "minimum": "1 year"}
    half_more = {"absolute_minimum": "18 months", "minimum": "18 months", "latest_recommended": "3 years"}
    pox = series(target(1, {**year, "earliest_recommended": "2 years", "latest_recommended": "4 years"}))
    check = {
        **series(*(other or [target(1, half_more)])),
        "antigen": "Checkpox",
        "name": "Checkpox series",
    }
    return from_json(
        {
            "name": "test",
            "edition": "1",
            "source": "tests",
            "groups": [{"name": "Testpox", "antigens": ["Testpox", "Checkpox"]}],
            "vaccines": [
                {"cvx": "900", "antigens": [{"antigen": "Testpox"}, {"antigen": "Checkpox"}]},
                {"cvx": "901", "antigens": [{"antigen": "Testpox"}]},
            ],
            "series": [pox, check],
            **fields,
        }
    )


def test_all_antigens_must_be_possible_and_the_first_recommendation_decides():
    line = due(ask(rules=rules_of_two(), born="2020-01-01", as_of="2020-01-01"))
    assert dates(line) == ("2021-07-01", "2021-07-01", "2022-12-31")


def test_what_is_left_decides_when_one_antigen_is_done():
    rules = rules_of_two()
    found = ask(("900", "2021-06-30"), rules=rules, born="2020-01-01")
    assert due(found).series_status == "not_complete"
    assert due(found).earliest_on == date(2021, 7, 1)
    # A dose counts in the group where any antigen of it does.
    assert verdicts(found) == [("valid", None)]
    assert due(ask(("900", "2021-07-01"), rules=rules, born="2020-01-01")).series_status == "complete"


def test_an_overriding_interval_decides_over_others():
    override = [after("4 weeks", earliest_recommended="8 weeks", is_override=True)]
    rules = rules_of_two(other=[target(1), target(2, intervals=override)])
    line = due(ask(("900", "2020-06-01"), rules=rules, born="2020-01-01"))
    assert dates(line)[:2] == ("2020-06-29", "2020-07-27")
    assert line.dose_number == 1


def test_a_vaccine_holds_an_antigen_at_some_ages_only():
    rules = rules_of_two(vaccines=[{"cvx": "900", "antigens": [{"antigen": "Testpox", "end_age": "50 years"}]}])
    assert verdicts(ask(("900", "2019-12-31"), rules=rules, born="1970-01-01")) == [("valid", None)]
    found = ask(("900", "2020-01-01"), rules=rules, born="1970-01-01")
    assert verdicts(found) == [("extraneous", "not_in_schedule")]


@pytest.mark.parametrize(
    ("given_on", "verdict", "groups"),
    [
        # Pediarix (DTaP, HepB, Polio) at six weeks - 5 days: too early for all but hepatitis B.
        ("2024-02-07", ("not_valid", "too_soon"), {"HepB": "valid", "Polio": "not_valid", "DTaP/Tdap/Td": "not_valid"}),
        ("2024-02-08", ("valid", None), {"HepB": "valid", "Polio": "valid", "DTaP/Tdap/Td": "valid"}),
    ],
)
def test_of_a_combined_vaccine_that_is_told_what_must_be_repeated(given_on, verdict, groups):
    found = ask(("110", given_on), born="2024-01-01")
    assert verdicts(found) == [verdict]
    assert {one.vaccine_group: one.validity for one in found.by_group} == groups


def test_a_combined_vaccine_of_which_one_part_is_too_much_still_counts():
    """Hib is not given from five years on, the rest of Pentacel is."""
    found = ask(("120", "2022-01-01"), born="2016-01-01")
    assert verdicts(found) == [("valid", None)]
    assert {one.vaccine_group: one.validity for one in found.by_group}["Hib"] == "extraneous"
