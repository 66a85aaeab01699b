"""Flags against the published ranges, on both sides of each boundary; the sources stand in `ranges.py`."""

import re
from datetime import date
from decimal import Decimal

import pytest

from server.modules.vitals import ranges
from server.modules.vitals.enums import Kind
from server.modules.vitals.judging import Person, age_in_months, judge, range_of
from server.modules.vitals.ranges import RANGES

ON = date(2026, 3, 2)
BORN = {
    "newborn": date(2026, 2, 20),
    "two months": date(2026, 1, 2),
    "six months": date(2025, 9, 2),
    "2 years": date(2024, 1, 2),
    "4 years": date(2022, 1, 2),
    "5 years": date(2020, 6, 2),
    "7 years": date(2018, 6, 2),
    "9 years": date(2016, 6, 2),
    "12 years": date(2013, 6, 2),
    "14 years": date(2011, 6, 2),
    "17 years": date(2008, 6, 2),
    "adult": date(1980, 1, 1),
}

# Kind, who, sex, and for each flag the values at its ends.
FLAGS = [
    # AHA 60-100, NEWS2 score 3 at 40 and 131
    (
        "heart_rate",
        "adult",
        "female",
        {"critical": (40, 131), "low": (41, 59), "normal": (60, 100), "high": (101, 130)},
    ),
    # PALS awake ranges, SVT from 220 in infants and 180 in children; NG51: below 60 is high risk up to 11 years
    (
        "heart_rate",
        "newborn",
        "male",
        {"critical": (59, 220), "low": (60, 99), "normal": (100, 205), "high": (206, 219)},
    ),
    ("heart_rate", "six months", "male", {"critical": (59, 220), "low": (99,), "normal": (100, 190), "high": (191,)}),
    (
        "heart_rate",
        "2 years",
        "male",
        {"critical": (59, 180), "low": (60, 97), "normal": (98, 140), "high": (141, 179)},
    ),
    ("heart_rate", "4 years", "male", {"low": (79,), "normal": (80, 120), "high": (121,)}),
    ("heart_rate", "9 years", "male", {"low": (74,), "normal": (75, 118), "high": (119,)}),
    (
        "heart_rate",
        "14 years",
        "male",
        {"critical": (180,), "low": (30, 59), "normal": (60, 100), "high": (101, 179)},
    ),
    # NEWS2: 12-20 scores 0, 8 and 25 score 3
    ("respiratory_rate", "adult", "male", {"critical": (8, 25), "low": (9, 11), "normal": (12, 20), "high": (21, 24)}),
    # PALS ranges, below 10 at any age; NICE NG51 high risk from 60, 50, 40, 29, 27, 25
    ("respiratory_rate", "six months", "male", {"critical": (60,), "low": (29,), "normal": (30, 53), "high": (54, 59)}),
    ("respiratory_rate", "2 years", "male", {"critical": (50,), "low": (21,), "normal": (22, 37), "high": (38, 49)}),
    ("respiratory_rate", "4 years", "male", {"critical": (40,), "low": (19,), "normal": (20, 28), "high": (29, 39)}),
    ("respiratory_rate", "5 years", "male", {"critical": (29,), "low": (19,), "normal": (20, 28)}),
    (
        "respiratory_rate",
        "7 years",
        "male",
        {"critical": (9, 27), "low": (10, 17), "normal": (18, 25), "high": (26,)},
    ),
    ("respiratory_rate", "9 years", "male", {"critical": (9, 25), "low": (10, 17), "normal": (18, 24)}),
    (
        "respiratory_rate",
        "14 years",
        "male",
        {"critical": (9, 25), "low": (10, 11), "normal": (12, 20), "high": (21, 24)},
    ),
    # NEWS2: 36.1-38.0 scores 0, 35.0 scores 3; APACHE II from 41.0
    (
        "temperature",
        "adult",
        "male",
        {"critical": ("35.0", "41.0"), "low": ("35.1", "36.0"), "normal": ("36.1", "38.0")},
    ),
    ("temperature", "adult", "male", {"high": ("38.1", "40.9")}),
    # WHO newborns 36.5-37.5; NICE: 38.0 below three months is high risk, below 36 up to 5 years; NHS: fever from 38.0
    ("temperature", "newborn", "male", {"critical": ("35.9", "38.0"), "low": ("36.4",), "normal": ("36.5", "37.5")}),
    ("temperature", "two months", "male", {"critical": ("35.9", "38.0"), "normal": ("36.0", "37.9")}),
    ("temperature", "4 years", "male", {"critical": ("35.9",), "normal": ("36.0", "37.9"), "high": ("38.0", "41.0")}),
    ("temperature", "9 years", "male", {"low": ("35.0", "35.9"), "normal": ("36.0", "37.9"), "high": ("38.0", "41.0")}),
    ("temperature", "14 years", "male", {"low": ("35.0", "35.9"), "normal": ("36.0",), "high": ("38.0", "41.0")}),
    # WHO 95-100, NEWS2 scale 1: 91 scores 3; WHO and NG51: below 90 in children
    ("spo2", "adult", "male", {"critical": (91,), "low": (92, 94), "normal": (95, 100)}),
    ("spo2", "4 years", "male", {"critical": (89,), "low": (90, 94), "normal": (95, 100)}),
    # ISH 2020 below 130/85; NEWS2: 90 scores 3; ACC/AHA: crisis above 180/120
    ("systolic", "adult", "male", {"critical": (90, 181), "normal": (91, 120, 129), "high": (130, 180)}),
    ("diastolic", "adult", "male", {"critical": (121,), "low": (59,), "normal": (60, 80, 84), "high": (85, 120)}),
    # AAP 2017 table 6: 103/63 for boys of five, 104/64 for girls; PALS hypotension 70 + 2 x 5; stage 2 from 140/90
    ("systolic", "5 years", "male", {"critical": (79, 140), "normal": (80, 102), "high": (103, 139)}),
    ("systolic", "5 years", "female", {"normal": (103,), "high": (104,)}),
    ("systolic", "5 years", "other", {"normal": (102,), "high": (103,)}),
    ("diastolic", "5 years", "male", {"critical": (90,), "normal": (62,), "high": (63, 89)}),
    ("diastolic", "5 years", "female", {"normal": (63,), "high": (64,)}),
    ("systolic", "12 years", "male", {"critical": (89,), "normal": (90, 112), "high": (113,)}),
    ("systolic", "12 years", "female", {"normal": (113,), "high": (114,)}),
    ("systolic", "14 years", "female", {"critical": (89, 181), "normal": (90, 119), "high": (120,)}),
    ("diastolic", "17 years", "female", {"critical": (121,), "normal": (79,), "high": (80,)}),
    # PALS: 67-84 in newborns, 72-104 up to a year, hypotension below 60 and 70
    ("systolic", "newborn", "male", {"critical": (59,), "low": (60, 66), "normal": (67, 84), "high": (85,)}),
    ("systolic", "six months", "male", {"critical": (69,), "low": (70, 71), "normal": (72, 104), "high": (105,)}),
    # ADA: below 70 and 54, 140 after a load; above 250
    ("glucose", "adult", "male", {"critical": (53, 251), "low": (54, 69), "normal": (70, 139), "high": (140, 250)}),
    ("glucose", "two months", "male", {"critical": (53,), "low": (54,), "normal": (70,)}),
    # WHO, adults
    ("bmi", "adult", "male", {"critical": ("15.9", "40.0"), "low": ("16.0", "18.4"), "normal": ("18.5", "24.9")}),
    ("bmi", "adult", "female", {"high": ("25.0", "39.9")}),
]
TOLD = [(k, who, sex, v, flag) for k, who, sex, flags in FLAGS for flag, values in flags.items() for v in values]


@pytest.mark.parametrize(("kind", "who", "sex", "value", "flag"), TOLD)
def test_where_a_value_lies(kind, who, sex, value, flag):
    assert judge(Kind(kind), Decimal(value), Person(BORN[who], sex), ON).flag == flag


@pytest.mark.parametrize("kind", ["weight", "height", "pain"])
def test_what_has_no_range_has_no_flag(kind):
    judged = judge(Kind(kind), Decimal(5), Person(BORN["adult"], "female"), ON)
    assert (judged.flag, judged.low, judged.high, judged.source) == (None, None, None, None)


def test_the_bmi_of_a_child_is_not_judged():
    assert judge(Kind.BMI, Decimal(16), Person(BORN["9 years"], "female"), ON).flag is None
    assert judge(Kind.BMI, Decimal(16), Person(date(2006, 3, 3), "female"), ON).flag is None
    assert judge(Kind.BMI, Decimal(16), Person(date(2006, 3, 2), "female"), ON).flag == "low"


def test_the_glucose_of_a_newborn_is_not_judged():
    judged = judge(Kind.GLUCOSE, Decimal(30), Person(BORN["newborn"], "female"), ON)
    assert (judged.flag, judged.low, judged.high, judged.source) == (None, None, None, None)


def test_each_row_names_a_source_that_is_told_in_full():
    told = set(re.findall(r"^- ([^:]+):", ranges.__doc__, re.MULTILINE))
    for one in RANGES:
        for clause in one.source.split("; "):
            assert any(name in clause for name in told), one


def test_age_counts_completed_months():
    born = date(2024, 2, 29)
    counted = {date(2024, 2, 29): 0, date(2024, 3, 28): 0, date(2024, 3, 29): 1, date(2025, 2, 28): 11}
    assert {day: age_in_months(born, day) for day in counted} == counted
    assert age_in_months(born, date(2025, 3, 1)) == 12


def test_the_range_changes_on_the_birthday():
    person = Person(date(2010, 3, 2), "male")
    ranges = [range_of(Kind.HEART_RATE, person, day) for day in (date(2026, 3, 1), date(2026, 3, 2))]
    assert [one.source.split()[0] for one in ranges if one] == ["PALS", "AHA,"]


@pytest.mark.parametrize("kind", list(Kind))
def test_ranges_of_a_kind_neither_overlap_nor_leave_gaps(kind):
    rows = [one for one in RANGES if one.kind == kind]
    for sex in ("female", "male", "other"):
        for months in range(120 * 12):
            found = [one for one in rows if one.since <= months and (one.until is None or months < one.until)]
            own = [one for one in found if one.sex == sex] or [one for one in found if one.sex is None]
            begins = min((one.since for one in rows), default=None)
            assert len(own) == (0 if begins is None or months < begins else 1), (sex, months)


def test_critical_lies_outside_of_normal():
    for one in RANGES:
        assert one.critical_below is None or (one.low is not None and one.critical_below <= one.low), one
        assert one.critical_above is None or (one.high is not None and one.critical_above >= one.high), one
        assert 0 < len(one.source) <= 200
