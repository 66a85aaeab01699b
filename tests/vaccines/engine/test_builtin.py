"""The built-in schedule by published dates: ACIP's child and adult schedules of 2024, and the catch-up table."""

import pytest

from server.modules.vaccines.engine import builtin_rules
from tests.vaccines.engine.support import ask, dates, due, verdicts

VALID = ("valid", None)
# Born 2021-05-10, nothing given: the minimum age, the recommended one, and the last day of it with four weeks' leave.
NEWBORN = {
    "DTaP/Tdap/Td": ("2021-06-21", "2021-07-10", "2021-09-06"),
    "HepA": ("2022-05-10", "2022-05-10", "2023-06-06"),
    "HepB": ("2021-05-10", "2021-05-10", "2021-06-06"),
    "Hib": ("2021-06-21", "2021-07-10", "2021-09-06"),
    "HPV": ("2030-05-10", "2032-05-10", "2034-06-06"),
    "Influenza": ("2021-11-10", "2021-11-10", None),
    "Meningococcal": ("2032-05-10", "2032-05-10", "2034-06-06"),
    "MMR": ("2022-05-10", "2022-05-10", "2022-10-07"),
    "Pneumococcal": ("2021-06-21", "2021-07-10", "2021-09-06"),
    "Polio": ("2021-06-21", "2021-07-10", "2021-09-06"),
    "Rotavirus": ("2021-06-21", "2021-07-10", None),
    "Varicella": ("2022-05-10", "2022-05-10", "2022-10-07"),
}


def test_a_newborn():
    found = ask(born="2021-05-10", as_of="2021-05-10")
    assert {one.vaccine_group: dates(one) for one in found.due} == NEWBORN


@pytest.mark.parametrize("group", [one.name for one in builtin_rules().groups])
def test_every_group_has_a_series(group):
    assert [one for one in builtin_rules().series if one.vaccine_group == group]


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        ("1996-03-02", {"HPV": "not_recommended", "HepB": "not_complete", "Polio": "not_recommended"}),
        ("2000-03-02", {"HPV": "not_complete", "MMR": "not_complete", "Hib": "aged_out", "HepA": "not_recommended"}),
        ("1956-12-31", {"MMR": "immune", "Zoster": "not_complete", "Pneumococcal": "not_complete"}),
        (
            "1990-01-01",
            {"DTaP/Tdap/Td": "not_complete", "Pneumococcal": "aged_out", "Meningococcal": "not_recommended"},
        ),
    ],
)
def test_adults_who_have_nothing(born, expected):
    found = {one.vaccine_group: one.series_status for one in ask(born=born).due}
    assert {group: found[group] for group in expected} == expected


@pytest.mark.parametrize(
    ("cvx", "given_on"),
    [("52", "2015-01-01"), ("10", "2016-01-01"), ("114", "2016-01-01"), ("165", "2016-01-01"), ("115", "2010-05-10")],
)
def test_what_an_adult_is_given_counts(cvx, given_on):
    assert verdicts(ask((cvx, given_on), born="1980-05-10")) == [VALID]


def test_tetanus_every_ten_years():
    childhood = [("20", day) for day in ("2001-03-01", "2001-05-01", "2001-07-01", "2002-05-01", "2005-02-01")]
    found = ask(*childhood, ("115", "2012-03-01"), ("09", "2022-03-01"), born="2001-01-01")
    assert verdicts(found) == [VALID] * 7
    assert dates(due(found, "DTaP/Tdap/Td"))[:2] == ("2027-03-01", "2032-03-01")


@pytest.mark.parametrize(
    ("second", "status", "number"),
    [("2025-11-01", "not_complete", 3), ("2026-01-28", "complete", None), ("2026-01-27", "not_complete", 3)],
)
def test_hpv_needs_a_third_dose_where_the_second_came_before_five_months(second, status, number):
    line = due(ask(("165", "2025-09-01"), ("165", second), born="2013-01-01"), "HPV")
    assert (line.series_status, line.dose_number) == (status, number)


def test_an_influenza_vaccine_every_year():
    found = ask(("140", "2024-10-01"), ("140", "2025-10-01"), born="1980-01-01")
    assert verdicts(found) == [VALID, VALID]
    assert due(found, "Influenza").recommended_on.isoformat() == "2026-10-01"


def test_mmr_and_varicella_on_one_day_or_four_weeks_apart():
    assert verdicts(ask(("03", "2025-01-01"), ("21", "2025-01-01"), born="2024-01-01")) == [VALID, VALID]
    apart = ask(("03", "2025-01-01"), ("21", "2025-01-20"), born="2024-01-01")
    assert verdicts(apart) == [VALID, ("not_valid", "live_virus_conflict")]
