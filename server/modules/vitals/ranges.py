"""Reference ranges by age and sex, as published; a value is judged by the row of its kind, age and sex.

They are an aid: a flag says where a resting value lies against a published range, and nothing about the patient.

Sources, each by the name that the rows give it
- PALS 2015: American Heart Association, Pediatric Advanced Life Support Provider Manual, 2015:
  the tables of vital signs by age (heart rate awake, respiratory rate, blood pressure of the neonate at 96 hours and
  of the infant), of hypotension by systolic pressure (below 60 up to 28 days, below 70 up to a year, below 70 + 2 x
  age from 1 to 10 years, below 90 after), a respiratory rate below 10 at any age, and the tachycardia algorithm
  (probable supraventricular tachycardia from 220 in infants, from 180 in children).
- AHA: American Heart Association, All About Heart Rate (Pulse): 60 to 100 in resting adults.
- NEWS2: Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017, chart 1, scale 1 of saturation, from
  16 years. What scores 0 is normal, what scores 3 is critical.
- NICE NG51: Sepsis: recognition, diagnosis and early management, 2016, tables 1 (under 5 years), 2 (5 to 11) and 3
  (12 to 15). Critical are its high-risk criteria. Below 36 degrees is one under 5 years only; after, a moderate one.
- NHS: High temperature (fever) in children: 38 degrees or more.
- WHO 1997: Thermal protection of the newborn: a practical guide: normal 36.5 to 37.5, moderate hypothermia below 36.
- WHO 2011: Pulse oximetry training manual: 95 to 100 in healthy people, below 90 a clinical emergency.
- WHO 2000: Obesity, technical report 894, table 2.1: normal 18.5 to 24.9, class III from 40.
- WHO 1995: Physical status, technical report 854: thinness of grade 3 below 16. Both reports are of adults; WHO's
  growth reference ends with 19 years, so the row begins with 20.
- ADA 2024: American Diabetes Association, Standards of Care in Diabetes, Diabetes Care 47 (supplement 1): section 6,
  levels of hypoglycaemia (below 70, below 54); section 2, criteria of prediabetes (from 140 two hours after a load;
  whether one has fasted is not known here, and more than that is normal in neither case).
- Battelino 2019: Diabetes Care 42:1593, table 2: above 250 is the second level of hyperglycaemia.
- AAP 2017: Flynn et al., Pediatrics 140(3):e20171904: table 6, pressure that needs further evaluation, by age and sex
  from 1 year; table 3, from 13 years normal below 120/80, stage 2 from 140/90; above 180/120 an adolescent is sent to
  an emergency department. For sexes other than female and male the lower value of the two.
- ISH 2020: Unger et al., Hypertension 75:1334, table 1: office pressure of adults is normal below 130 and below 85.
- NHLBI: National Heart, Lung, and Blood Institute, Low Blood Pressure: below 90/60.
- ACC/AHA 2017: Whelton et al., Hypertension 71:e13, section 11.2: hypertensive crisis above 180 or above 120.
- APACHE II: Knaus et al., Critical Care Medicine 13:818 (1985), table of adults: 41.0 and above scores the most.

None for weight, height and pain: growth charts and a score that is asked for have no single range. None for the glucose
of the first month: the AAP's report on newborns (Adamkin, Pediatrics 127:575, 2011) holds for the first day and says
that no concentration tells normal from abnormal. No end beyond which a value is critical where no source gives one: a
slow heart from 12 to 15 years, a temperature that is high from 3 months to 15 years or low from 5 to 15, saturation
above and blood pressure of infants above.
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
_NG51, _APACHE = "NICE NG51", "APACHE II"

_Row = tuple[int, int | None, float | None, float | None, float | None, float | None, str]

# Months from and until, low, high, critical below and above.
_HEART_RATE: tuple[_Row, ...] = (
    (0, 1, 100, 205, 60, 219, f"{_PALS}, awake; critical: {_NG51} table 1, {_PALS} tachycardia"),
    (1, 12, 100, 190, 60, 219, f"{_PALS}, awake; critical: {_NG51} table 1, {_PALS} tachycardia"),
    (12, 36, 98, 140, 60, 179, f"{_PALS}, awake; critical: {_NG51} table 1, {_PALS} tachycardia"),
    (36, 60, 80, 120, 60, 179, f"{_PALS}, awake; critical: {_NG51} table 1, {_PALS} tachycardia"),
    (60, 72, 80, 120, 60, 179, f"{_PALS}, awake; critical: {_NG51} table 2, {_PALS} tachycardia"),
    (72, 144, 75, 118, 60, 179, f"{_PALS}, awake; critical: {_NG51} table 2, {_PALS} tachycardia"),
    (144, 192, 60, 100, None, 179, f"{_PALS}, awake; critical: {_PALS} tachycardia"),
    (192, None, 60, 100, 41, 130, f"AHA, resting adult; critical: {_NEWS2}"),
)
_RESPIRATORY_RATE: tuple[_Row, ...] = (
    (0, 12, 30, 53, 10, 59, f"{_PALS}; critical: {_PALS}, {_NG51} table 1"),
    (12, 36, 22, 37, 10, 49, f"{_PALS}; critical: {_PALS}, {_NG51} table 1"),
    (36, 60, 20, 28, 10, 39, f"{_PALS}; critical: {_PALS}, {_NG51} table 1"),
    (60, 72, 20, 28, 10, 28, f"{_PALS}; critical: {_PALS}, {_NG51} table 2"),
    (72, 96, 18, 25, 10, 26, f"{_PALS}; critical: {_PALS}, {_NG51} table 2"),
    # PALS calls 25 normal, which is NG51's high risk: the stricter one is taken.
    (96, 144, 18, 24, 10, 24, f"{_PALS}, up to {_NG51} table 2; critical: {_PALS}, {_NG51} table 2"),
    (144, 192, 12, 20, 10, 24, f"{_PALS}; critical: {_PALS}, {_NG51} table 3"),
    (192, None, 12, 20, 9, 24, _NEWS2),
)
_TEMPERATURE: tuple[_Row, ...] = (
    (0, 1, 36.5, 37.5, 36.0, 37.9, f"WHO 1997, newborns; critical: WHO 1997, {_NG51} table 1"),
    (1, 3, 36.0, 37.9, 36.0, 37.9, f"{_NG51} table 1, under 3 months"),
    (3, 60, 36.0, 37.9, 36.0, None, f"NHS, fever from 38.0; low and critical: {_NG51} table 1"),
    (60, 144, 36.0, 37.9, None, None, f"NHS, fever from 38.0; low: {_NG51} table 2"),
    (144, 192, 36.0, 37.9, None, None, f"NHS, fever from 38.0; low: {_NG51} table 3"),
    (192, None, 36.1, 38.0, 35.1, 40.9, f"{_NEWS2}; critical: {_NEWS2}, {_APACHE}"),
)
_SPO2: tuple[_Row, ...] = (
    (0, 60, 95, 100, 90, None, f"WHO 2011; critical: WHO 2011, {_NG51} table 1"),
    (60, 144, 95, 100, 90, None, f"WHO 2011; critical: WHO 2011, {_NG51} table 2"),
    (144, 192, 95, 100, 90, None, "WHO 2011"),
    (192, None, 95, 100, 92, None, f"WHO 2011; critical: {_NEWS2}, scale 1"),
)
_GLUCOSE: tuple[_Row, ...] = (
    (1, None, 70, 139, 54, 250, "ADA 2024, sections 6 and 2 (fasting unknown); critical: ADA 2024, Battelino 2019"),
)
_BMI: tuple[_Row, ...] = ((240, None, 18.5, 24.9, 16.0, 39.9, "WHO 2000, adults; critical: WHO 1995, WHO 2000"),)
_SYSTOLIC: tuple[_Row, ...] = (
    (0, 1, 67, 84, 60, None, f"{_PALS}, neonate at 96 hours; critical: {_PALS} hypotension"),
    (1, 12, 72, 104, 70, None, f"{_PALS}, infant; critical: {_PALS} hypotension"),
    (156, 216, 90, 119, 90, 180, f"{_AAP} table 3, low: {_PALS} hypotension; critical: {_PALS}, {_AAP}"),
    (216, None, 91, 129, 91, 180, f"ISH 2020, low: {_NEWS2}; critical: {_NEWS2}, ACC/AHA 2017"),
)
_DIASTOLIC: tuple[_Row, ...] = (
    (0, 1, 35, 53, None, None, f"{_PALS}, neonate at 96 hours"),
    (1, 12, 37, 56, None, None, f"{_PALS}, infant"),
    (156, 216, None, 79, None, 120, f"{_AAP} table 3; critical: {_AAP}"),
    (216, None, 60, 84, None, 120, "ISH 2020, low: NHLBI; critical: ACC/AHA 2017"),
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
            source = f"{_AAP} table 6, low: {_PALS} hypotension; critical: {_PALS}, {_AAP} table 3 (stage 2)"
            ages = (age * YEAR, (age + 1) * YEAR)
            yield Range(Kind.SYSTOLIC, *ages, hypotension, systolic - 1, hypotension, 139, source, sex)
            source = f"{_AAP} table 6; critical: {_AAP} table 3 (stage 2)"
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
