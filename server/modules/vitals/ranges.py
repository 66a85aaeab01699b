"""Reference ranges by age and sex, as published; a value is judged by the row of its kind, age and sex.

They are an aid: a flag says where a resting value lies against a published range, and nothing about the patient.

Sources
- PALS 2015: American Heart Association, Pediatric Advanced Life Support, provider manual 2015: awake heart rate,
  respiratory rate, blood pressure below one year, hypotension by systolic pressure (below 60 in the first 28 days, 70
  up to a year, 70 + 2 x age from 1 to 10 years, 90 after), bradycardia below 60, probable supraventricular tachycardia
  at 220 in infants and 180 in children, and a respiratory rate below 10 as a sign of failure. The heart of an
  adolescent may beat 50 times asleep.
- AHA: American Heart Association, All about heart rate: 60 to 100 in resting adults.
- AAP 2017: Flynn et al., Pediatrics 140(3):e20171904, table 6, blood pressure that needs further evaluation, by age and
  sex from 1 year (the 90th centile of the shortest); stage 2 hypertension from 140/90; for sexes other than female
  and male the lower value of the two.
- ISH 2020: Unger et al., Hypertension 75:1334, office blood pressure is normal below 130 and below 85. It is taken for
  adults, and not ACC/AHA 2017, by which 120/80 is hypertension already. That a pressure below 90/60 is low is NHS and
  NHLBI usage.
- ACC/AHA 2017: Whelton et al., Hypertension 71:e13, a crisis above 180 or above 120.
- NEWS2: Royal College of Physicians 2017, from 16 years; critical is the band that scores 3. Temperature is normal in
  the band that scores 0.
- NICE NG51 (2016): high-risk criteria of respiratory rate, temperature and oxygen saturation below 16 years; NICE NG143
  (2019): fever is 38.0 or more.
- WHO 1997: Thermal protection of the newborn (36.5 to 37.5). WHO 2011: Pulse oximetry training manual (95 to 100, below
  90 an emergency). WHO 2000: Obesity, technical report 894 (BMI of adults; critical are thinness grade 3 and obesity
  class III); WHO's growth reference ends with 19 years, so it begins with 20.
- APACHE II: Knaus 1985, 41.0 and above scores the most.
- ADA: American Diabetes Association, Standards of Care: below 70 is hypoglycaemia, below 54 its second level, below 140
  normal two hours after a load (whether one has fasted is not known here). Above 250 is the second level of
  hyperglycaemia (Battelino 2019, Diabetes Care 42:1593). Newborns: AAP 2011, Adamkin, Pediatrics 127:575, 45 is aimed
  at, below 40 with symptoms is treated.

None for weight, height and pain: growth charts and a score that is asked for have no single range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from server.core.people import Sex
from server.modules.vitals.enums import Kind

YEAR = 12


@dataclass(frozen=True)
class Range:
    """What is normal for whom, both ends included, and below and above what a value is critical; None: no such end.

    Ages are completed months, `until` excluded; the first month stands for the 28 days of a newborn.
    """

    kind: Kind
    since: int
    until: int | None
    low: float | None
    high: float | None
    critical_below: float | None
    critical_above: float | None
    source: str
    sex: Sex | None = None


_PALS, _AAP, _NEWS2 = "PALS 2015", "AAP 2017", "NEWS2 2017"
_NG51 = "NICE NG51"

_Row = tuple[int, int | None, float | None, float | None, float | None, float | None, str]

# Months from and until, low, high, critical below and above.
_HEART_RATE: tuple[_Row, ...] = (
    (0, 1, 100, 205, 60, 219, f"{_PALS} (awake); critical: PALS bradycardia and SVT"),
    (1, 12, 100, 190, 60, 219, f"{_PALS} (awake); critical: PALS bradycardia and SVT"),
    (12, 36, 98, 140, 60, 179, f"{_PALS} (awake); critical: PALS bradycardia and SVT"),
    (36, 72, 80, 120, 60, 179, f"{_PALS} (awake); critical: PALS bradycardia and SVT"),
    (72, 144, 75, 118, 60, 179, f"{_PALS} (awake); critical: PALS bradycardia and SVT"),
    (144, 192, 60, 100, 50, 179, f"{_PALS} (awake); critical: below PALS asleep, PALS SVT"),
    (192, None, 60, 100, 41, 130, f"AHA, resting adult; critical: {_NEWS2}"),
)
_RESPIRATORY_RATE: tuple[_Row, ...] = (
    (0, 12, 30, 53, 10, 59, f"{_PALS}; critical: {_NG51}, PALS"),
    (12, 36, 22, 37, 10, 49, f"{_PALS}; critical: {_NG51}, PALS"),
    (36, 60, 20, 28, 10, 39, f"{_PALS}; critical: {_NG51}, PALS"),
    (60, 72, 20, 28, 10, 28, f"{_PALS}; critical: {_NG51}, PALS"),
    (72, 96, 18, 25, 10, 26, f"{_PALS}; critical: {_NG51}, PALS"),
    # NG51 begins at 25 here, which PALS calls normal.
    (96, 144, 18, 25, 10, 25, f"{_PALS}; critical: {_NG51}, PALS"),
    (144, 192, 12, 20, 10, 24, f"{_PALS}; critical: {_NG51}, PALS"),
    (192, None, 12, 20, 9, 24, _NEWS2),
)
_TEMPERATURE: tuple[_Row, ...] = (
    (0, 1, 36.5, 37.5, 36.0, 37.9, f"WHO 1997, newborns; critical: {_NG51}"),
    (1, 3, 36.0, 37.9, 36.0, 37.9, f"{_NG51}, NG143 (fever from 38.0, critical below 3 months)"),
    (3, 192, 36.0, 37.9, 36.0, 40.9, f"NICE NG143 (fever from 38.0); critical: {_NG51}, APACHE II"),
    (192, None, 36.1, 38.0, 35.1, 40.9, f"{_NEWS2}; critical high: APACHE II"),
)
_SPO2: tuple[_Row, ...] = (
    (0, 192, 95, 100, 90, None, f"WHO 2011; critical: WHO 2011, {_NG51}"),
    (192, None, 95, 100, 92, None, f"WHO 2011; critical: {_NEWS2} scale 1"),
)
_GLUCOSE: tuple[_Row, ...] = (
    (0, 1, 45, 139, 40, 250, "AAP 2011, newborns; above: ADA, Battelino 2019"),
    (1, None, 70, 139, 54, 250, "ADA (fasting unknown); critical: level 2 of ADA and Battelino 2019"),
)
_BMI: tuple[_Row, ...] = ((240, None, 18.5, 24.9, 16.0, 39.9, "WHO 2000, adults"),)
_SYSTOLIC: tuple[_Row, ...] = (
    (0, 1, 67, 84, 60, None, f"{_PALS}; critical: PALS hypotension"),
    (1, 12, 72, 104, 70, None, f"{_PALS}; critical: PALS hypotension"),
    (156, 216, 90, 119, 90, 180, f"{_AAP}; critical: PALS hypotension, {_AAP}"),
    (216, None, 91, 129, 91, 180, f"ISH 2020; critical: {_NEWS2}, ACC/AHA 2017"),
)
_DIASTOLIC: tuple[_Row, ...] = (
    (0, 1, 35, 53, None, None, _PALS),
    (1, 12, 37, 56, None, None, _PALS),
    (156, 216, None, 79, None, 120, _AAP),
    (216, None, 60, 84, None, 120, "ISH 2020, below 60: NHLBI; critical: ACC/AHA 2017"),
)
# From 1 to 12 years, a row a year: boys' systolic and diastolic, girls' systolic and diastolic that need evaluation.
_EVALUATED = (
    (98, 52, 98, 54),
    (100, 55, 101, 58),
    (101, 58, 102, 60),
    (102, 60, 103, 62),
    (103, 63, 104, 64),
    (105, 66, 105, 67),
    (106, 68, 106, 68),
    (107, 69, 107, 69),
    (107, 70, 108, 71),
    (108, 72, 109, 72),
    (110, 74, 111, 74),
    (113, 75, 114, 75),
)


def _by_age(kind: Kind, rows: tuple[_Row, ...]) -> Iterator[Range]:
    return (Range(kind, *row) for row in rows)


def _of_children() -> Iterator[Range]:
    """Yield the blood pressure of children from 1 to 12 years, for girls, for boys and for everybody else."""
    for age, (boys, boys_diastolic, girls, girls_diastolic) in enumerate(_EVALUATED, 1):
        hypotension = min(70 + 2 * age, 90)
        for sex, systolic, diastolic in (
            (Sex.MALE, boys, boys_diastolic),
            (Sex.FEMALE, girls, girls_diastolic),
            (None, min(boys, girls), min(boys_diastolic, girls_diastolic)),
        ):
            source = f"{_AAP}, table 6; critical: PALS hypotension, {_AAP} stage 2"
            ages = (age * YEAR, (age + 1) * YEAR)
            yield Range(Kind.SYSTOLIC, *ages, hypotension, systolic - 1, hypotension, 139, source, sex)
            source = f"{_AAP}, table 6; critical: {_AAP} stage 2"
            yield Range(Kind.DIASTOLIC, *ages, None, diastolic - 1, None, 89, source, sex)


# The rows of a sex come before those of everybody else.
RANGES: tuple[Range, ...] = (
    *_by_age(Kind.HEART_RATE, _HEART_RATE),
    *_by_age(Kind.RESPIRATORY_RATE, _RESPIRATORY_RATE),
    *_by_age(Kind.TEMPERATURE, _TEMPERATURE),
    *_by_age(Kind.SPO2, _SPO2),
    *_by_age(Kind.GLUCOSE, _GLUCOSE),
    *_by_age(Kind.BMI, _BMI),
    *_by_age(Kind.SYSTOLIC, _SYSTOLIC),
    *_by_age(Kind.DIASTOLIC, _DIASTOLIC),
    *_of_children(),
)
