"""What holds of every history: order does not matter, grace is four days, lateness restarts nothing."""

from datetime import date, timedelta

from hypothesis import given, settings, strategies as st

from server.modules.vaccines.engine import Dose, Person, builtin_rules, evaluate
from server.modules.vaccines.engine.facts import Validity
from tests.vaccines.engine.support import ask, days, due, verdicts

RULES = builtin_rules()
CODES = sorted({vaccine.cvx for vaccine in RULES.vaccines} | {"999"})
AS_OF = date(2026, 3, 2)
BIRTHS = st.dates(date(1930, 1, 1), AS_OF)
HISTORIES = st.lists(st.tuples(st.sampled_from(CODES), st.dates(date(1929, 1, 1), date(2027, 1, 1))), max_size=12)
# DTaP 1 to 5 each at its recommended age, as days of a life that began on the first of a year.
DTAP = (60, 121, 182, 460, 1470)


def evaluated(born, history, sex="female"):
    return evaluate(RULES, Person(born, sex), history, AS_OF)


@settings(max_examples=60, deadline=None)
@given(BIRTHS, HISTORIES, st.sampled_from(["female", "male", "unknown"]), st.randoms())
def test_the_order_of_doses_does_not_matter(born, history, sex, random):
    doses = [Dose(number, cvx, on) for number, (cvx, on) in enumerate(history)]
    straight = evaluated(born, doses, sex)
    shuffled = doses[:]
    random.shuffle(shuffled)
    mixed = evaluated(born, shuffled, sex)
    assert mixed.due == straight.due
    assert {one.dose_id: one for one in mixed.verdicts} == {one.dose_id: one for one in straight.verdicts}


@settings(max_examples=60, deadline=None)
@given(BIRTHS, HISTORIES)
def test_every_dose_has_one_verdict_and_every_forecast_makes_sense(born, history):
    doses = [Dose(number, cvx, on) for number, (cvx, on) in enumerate(history)]
    evaluation = evaluated(born, doses)
    assert [one.dose_id for one in evaluation.verdicts] == [dose.id for dose in doses]
    for verdict, dose in zip(evaluation.verdicts, doses, strict=True):
        assert (verdict.reason is None) == (verdict.validity == Validity.VALID)
        assert (verdict.reason == "before_birth") == (dose.given_on < born)
    for line in evaluation.due:
        assert (line.dose_number is not None) == (line.series_status == "not_complete")
        if line.earliest_on is not None:
            assert born <= line.earliest_on <= line.recommended_on
            assert line.past_due_on is None or line.earliest_on <= line.past_due_on


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=4, max_size=4))
def test_lateness_never_restarts_a_series(delays):
    """Doses that come later than recommended, still before seven years, all count."""
    late, given_on = 0, []
    for usual, delay in zip(DTAP[:4], delays, strict=True):
        late += delay
        given_on.append(min(usual + late, 2500))
    if len(set(given_on)) < len(given_on) or given_on[3] - given_on[2] < 183:
        return
    evaluation = ask(*(("20", days(day)) for day in given_on))
    assert [one for one, _ in verdicts(evaluation)] == ["valid"] * 4
    assert due(evaluation, "DTaP/Tdap/Td").dose_number == 5


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 60), st.integers(-30, 60))
def test_an_interval_has_four_days_of_grace(start, distance):
    """HepB 1 at some age, 2 about four weeks later: four days early counts, five do not, late always does."""
    first = days(start)
    evaluation = ask(("08", first), ("08", first + timedelta(days=28 + max(distance, -27))))
    found = ("valid", None) if distance >= -4 else ("not_valid", "too_soon")
    assert verdicts(evaluation) == [("valid", None), found]


@settings(max_examples=80, deadline=None)
@given(st.dates(date(2000, 1, 1), date(2020, 12, 31)), st.integers(-40, 400))
def test_a_minimum_age_has_four_days_of_grace(born, days_from_birthday):
    """MMR 1 about the first birthday."""
    try:
        birthday = born.replace(year=born.year + 1)
    except ValueError:
        birthday = date(born.year + 1, 3, 1)
    evaluation = ask(("03", birthday + timedelta(days=days_from_birthday)), born=born)
    found = ("valid", None) if days_from_birthday >= -4 else ("not_valid", "too_soon")
    assert verdicts(evaluation) == [found]


@settings(max_examples=40, deadline=None)
@given(BIRTHS, HISTORIES, st.sampled_from(CODES), st.dates(date(1929, 1, 1), date(2027, 1, 1)))
def test_what_cannot_have_been_given_changes_nothing(born, history, cvx, on):
    doses = [Dose(number, cvx, on) for number, (cvx, on) in enumerate(history)]
    impossible = Dose("extra", cvx, on if on < born or on > AS_OF else AS_OF + timedelta(days=1))
    assert evaluated(born, [*doses, impossible]).due == evaluated(born, doses).due
