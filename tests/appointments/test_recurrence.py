"""Recurrence rules: what is taken of RFC 5545, and where its times lie on the days that clocks change."""

from datetime import UTC, datetime
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from server.modules.appointments.calendar.recurrence import NotARule, occurrences

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MONDAY = datetime(2026, 3, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, six days before summer time


def days(rule, starts_at=MONDAY, zone=BERLIN):
    return [f"{at.astimezone(zone):%m-%d %H:%M}" for at in occurrences(rule, starts_at, zone)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;COUNT=3", ["03-23 10:00", "03-30 10:00", "04-06 10:00"]),
        ("RRULE:FREQ=WEEKLY;COUNT=2", ["03-23 10:00", "03-30 10:00"]),
        ("freq=weekly;byday=mo,we;count=3", ["03-23 10:00", "03-25 10:00", "03-30 10:00"]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=2", ["03-23 10:00", "04-06 10:00"]),
        ("FREQ=DAILY;INTERVAL=3;COUNT=3", ["03-23 10:00", "03-26 10:00", "03-29 10:00"]),
        ("FREQ=MONTHLY;COUNT=2", ["03-23 10:00", "04-23 10:00"]),
        ("FREQ=MONTHLY;BYDAY=4MO;COUNT=2", ["03-23 10:00", "04-27 10:00"]),
        ("FREQ=WEEKLY;UNTIL=20260330", ["03-23 10:00", "03-30 10:00"]),
        ("FREQ=WEEKLY;UNTIL=20260330T080000Z", ["03-23 10:00", "03-30 10:00"]),
        ("FREQ=WEEKLY;UNTIL=20260330T075959Z", ["03-23 10:00"]),
        ("FREQ=WEEKLY;UNTIL=20260330T100000", ["03-23 10:00", "03-30 10:00"]),
        ("FREQ=DAILY;COUNT=1", ["03-23 10:00"]),
    ],
)
def test_times_keep_the_wall_clock(rule, expected):
    assert days(rule) == expected


def test_a_time_that_the_clock_leaves_out_is_the_end_of_the_gap():
    saturday = datetime(2027, 3, 13, 7, 30, tzinfo=UTC)  # 02:30 in New York
    assert days("FREQ=DAILY;COUNT=3", saturday, NEW_YORK) == ["03-13 02:30", "03-14 03:00", "03-15 02:30"]


def test_a_time_that_the_clock_shows_twice_is_the_first_but_for_the_one_that_was_asked_for():
    before = datetime(2027, 11, 6, 5, 30, tzinfo=UTC)  # 01:30 in New York, summer time
    assert occurrences("FREQ=DAILY;COUNT=2", before, NEW_YORK)[1] == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
    second = datetime(2027, 11, 7, 6, 30, tzinfo=UTC)
    assert occurrences("FREQ=DAILY;COUNT=2", second, NEW_YORK)[0] == second


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("FREQ=WEEKLY", "COUNT or UNTIL"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20260601", "COUNT or UNTIL"),
        ("COUNT=2", "FREQ"),
        ("FREQ=YEARLY;COUNT=2", "FREQ"),
        ("FREQ=WEEKLY;COUNT=2;BYHOUR=9", "BYHOUR"),
        ("FREQ=MONTHLY;BYMONTHDAY=1;COUNT=2", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYSETPOS=1;COUNT=2", "BYSETPOS"),
        ("FREQ=WEEKLY;COUNT=53", "COUNT"),
        ("FREQ=WEEKLY;COUNT=100000", "COUNT may be 52 at most"),
        ("FREQ=WEEKLY;COUNT=0", "COUNT"),
        ("FREQ=WEEKLY;COUNT=-1", "COUNT"),
        ("FREQ=WEEKLY;COUNT=2;COUNT=3", "COUNT"),
        ("FREQ=WEEKLY;INTERVAL=0;COUNT=2", "INTERVAL"),
        ("FREQ=MONTHLY;INTERVAL=25;COUNT=2", "two years"),
        ("FREQ=MONTHLY;INTERVAL=12;UNTIL=20290101", "two years"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU;COUNT=52", "begin"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU;UNTIL=99991231", "begin"),
        ("FREQ=DAILY;UNTIL=20270101", "52 times at most"),
        ("FREQ=DAILY;UNTIL=00010101", "UNTIL is before"),
        ("FREQ=DAILY;UNTIL=20261399", "UNTIL"),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20260101", "UNTIL is before"),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=2", "begin"),
        ("FREQ=WEEKLY;BYDAY=2MO;COUNT=2", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=-MO;COUNT=2", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=XX;COUNT=2", "BYDAY"),
        ("FREQ=WEEKLY;;COUNT=2", "empty"),
        ("FREQ", "FREQ"),
        ("nonsense", "NONSENSE"),
    ],
)
def test_what_is_not_taken_is_named(rule, named):
    with pytest.raises(NotARule, match=named):
        occurrences(rule, MONDAY, BERLIN)


def test_a_rule_that_never_comes_to_its_day_is_not_followed_to_the_end_of_time():
    began = process_time()
    with pytest.raises(NotARule, match="begin"):
        occurrences("FREQ=DAILY;INTERVAL=7;BYDAY=TU;COUNT=2", MONDAY, BERLIN)
    # 104 steps to the end of the longest series take a few milliseconds, those to the year 9999 seconds.
    assert process_time() - began < 0.1
