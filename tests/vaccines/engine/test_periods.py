"""Ages and intervals are added as the Logic Specification says (CALCDT-1 to CALCDT-5)."""

from datetime import date

import pytest

from server.modules.vaccines.engine.periods import period


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("0 days", "2020-02-29", "2020-02-29"),
        ("4 days", "2020-02-26", "2020-03-01"),
        ("6 weeks", "2021-05-10", "2021-06-21"),
        ("6 weeks - 4 days", "2021-05-10", "2021-06-17"),
        ("12 months", "2020-05-10", "2021-05-10"),
        ("1 year", "2020-02-29", "2021-03-01"),
        ("12 months - 4 days", "2020-03-01", "2021-02-25"),
        # Months first, then days.
        ("1 month - 4 days", "2021-01-30", "2021-02-25"),
        # A day that the month lacks is the first of the next one.
        ("6 months", "2018-03-31", "2018-10-01"),
        ("1 month", "2021-01-31", "2021-03-01"),
        ("16 years - 4 months", "2000-06-15", "2016-02-15"),
        ("7 months + 4 weeks", "2021-05-10", "2022-01-07"),
        ("8 months + 1 day", "2021-05-10", "2022-01-11"),
        ("6 yrs - 4 days", "2015-01-10", "2021-01-06"),
    ],
)
def test_a_period_after_a_day(text, start, end):
    assert period(text).after(date.fromisoformat(start)) == date.fromisoformat(end)


@pytest.mark.parametrize("text", ["", "soon", "12", "months", "12 moons", "12 months or so", "4 days; drop"])
def test_other_words_are_refused(text):
    with pytest.raises(ValueError, match="Not a length of time"):
        period(text)


def test_a_period_past_the_calendar_is_its_last_day():
    assert period("9000 years").after(date(2020, 1, 1)) == date.max
