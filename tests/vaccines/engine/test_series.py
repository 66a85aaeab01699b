"""Each concept of the specification by rules of one invented antigen, on both sides of its boundary."""

from datetime import date

import pytest

from server.modules.vaccines.engine import Dose, Person, evaluate
from tests.vaccines.engine.support import (
    BORN,
    after,
    ask,
    dates,
    days,
    due,
    rules_of,
    series,
    skip,
    target,
    verdicts,
)

VALID = ("valid", None)
TOO_SOON = ("not_valid", "too_soon")
CONFLICT = "live_virus_conflict"
EITHER = [{"cvx": "900"}, {"cvx": "901"}]
FROM_TWO_YEARS = {"kind": "age", "begin_age": "2 years"}
INFANT = {"minimum": "6 weeks", "earliest_recommended": "2 months", "latest_recommended": "3 months + 4 weeks"}


def two_doses(**fields):
    return rules_of(series(target(1, **fields), target(2, intervals=[after("4 weeks")])))


def test_too_old_is_extraneous():
    rules = rules_of(series(target(1, {"maximum": "5 years"})))
    assert verdicts(ask(("900", "2019-12-31"), rules=rules)) == [VALID]
    late = ask(("900", "2020-01-01"), rules=rules)
    assert verdicts(late) == [("extraneous", "too_old")]
    assert due(late).series_status == "aged_out"


def test_no_days_of_grace_after_an_early_dose():
    rules = two_doses()
    spaced = ask(("900", days(0)), ("900", days(20)), ("900", days(20 + 25)), rules=rules)
    assert verdicts(spaced) == [VALID, TOO_SOON, TOO_SOON]
    spaced = ask(("900", days(0)), ("900", days(20)), ("900", days(20 + 28)), rules=rules)
    assert verdicts(spaced) == [VALID, TOO_SOON, VALID]


def test_grace_stays_for_the_first_dose_after_an_early_one():
    rules = rules_of(series(target(1, {"absolute_minimum": "10 years", "minimum": "11 years"})))
    assert verdicts(ask(("900", "2024-12-31"), ("900", "2025-02-01"), rules=rules)) == [TOO_SOON, VALID]


def test_an_allowable_interval_is_enough():
    first, allowed = target(1), {"from_previous": True, "absolute_minimum": "4 weeks"}
    rules = rules_of(series(first, target(2, intervals=[after("12 weeks")], allowable_intervals=[allowed])))
    assert verdicts(ask(("900", days(0)), ("900", days(28)), rules=rules)) == [VALID, VALID]
    assert verdicts(ask(("900", days(0)), ("900", days(27)), rules=rules)) == [VALID, TOO_SOON]
    line = due(ask(("900", days(0)), rules=rules, as_of=days(1)))
    assert line.earliest_on == days(84)


def test_an_interval_from_a_target_dose():
    from_first = {"from_target_dose": 1, "absolute_minimum": "16 weeks - 4 days", "minimum": "16 weeks"}
    third = target(3, intervals=[after("8 weeks"), from_first])
    rules = rules_of(series(target(1), target(2, intervals=[after("4 weeks")]), third))
    given = (("900", days(0)), ("900", days(28)))
    assert verdicts(ask(*given, ("900", days(108)), rules=rules)) == [VALID] * 3
    assert verdicts(ask(*given, ("900", days(107)), rules=rules)) == [VALID, VALID, TOO_SOON]
    assert due(ask(*given, rules=rules)).earliest_on == days(112)


def test_an_interval_from_the_most_recent_dose_of_a_vaccine():
    interval = {"from_most_recent": ["901"], "absolute_minimum": "1 year", "minimum": "1 year"}
    rules = rules_of(series(target(1), target(2, intervals=[interval])))
    assert verdicts(ask(("900", days(0)), ("901", days(1)), ("900", days(2)), rules=rules))[2] == TOO_SOON
    assert verdicts(ask(("900", days(0)), ("900", days(2)), rules=rules)) == [VALID, VALID]


def test_a_rule_is_asked_while_it_is_in_force():
    strict = after("8 weeks", effective_on="2020-01-02")
    lax = after("4 weeks", cessation_on="2020-01-01")
    rules = rules_of(series(target(1), target(2, intervals=[lax, strict])))
    assert verdicts(ask(("900", "2019-12-03"), ("900", "2020-01-01"), rules=rules)) == [VALID, VALID]
    assert verdicts(ask(("900", "2019-12-04"), ("900", "2020-01-02"), rules=rules)) == [VALID, TOO_SOON]


@pytest.mark.parametrize(("cvx", "reason"), [("901", "wrong_vaccine"), ("900", None)])
def test_the_vaccine_must_be_one_of_those_for_the_dose(cvx, reason):
    assert verdicts(ask((cvx, days(0)), rules=two_doses()))[0][1] == reason


def test_an_allowable_vaccine_counts_at_its_ages():
    allowed = [{"cvx": "901", "begin_age": "1 year - 4 days", "end_age": "2 years"}]
    rules = two_doses(allowable_vaccines=allowed)
    found = [verdicts(ask(("901", on), rules=rules))[0] for on in ("2015-12-28", "2016-12-31")]
    assert found == [VALID, VALID]
    found = [verdicts(ask(("901", on), rules=rules))[0] for on in ("2015-12-27", "2017-01-01")]
    assert found == [("not_valid", "wrong_vaccine")] * 2


def test_a_rule_for_one_product_is_not_met_by_its_code():
    rules = rules_of(series(target(1, preferable_vaccines=[{"cvx": "900", "trade_name": "Pocks"}])))
    assert verdicts(ask(("900", days(0)), rules=rules)) == [("not_valid", "wrong_vaccine")]


def test_a_vaccine_given_by_mistake():
    mistake = {"inadvertent_vaccines": ["901"]}
    rules = rules_of(series(target(1, **mistake), target(2, intervals=[after("4 weeks")], **mistake)))
    found = ask(("901", days(10)), rules=rules, as_of=days(11))
    assert verdicts(found) == [("not_valid", "inadvertent_vaccine")]
    assert due(found).earliest_on == days(10)
    # No interval runs from it.
    assert verdicts(ask(("900", days(0)), ("901", days(27)), ("900", days(28)), rules=rules))[2] == VALID


def test_an_expired_lot_is_sub_standard_and_does_not_count():
    given = [
        Dose("a", "900", days(0), lot_expires_on=days(0)),
        Dose("b", "900", days(28), lot_expires_on=days(27)),
        Dose("c", "900", days(29)),
    ]
    found = evaluate(two_doses(), Person(BORN, "male"), given, days(40))
    assert verdicts(found) == [VALID, ("sub_standard", "expired_lot"), VALID]


def test_more_than_the_series_has_is_extraneous():
    found = ask(*(("900", days(30 * number)) for number in range(3)), rules=two_doses())
    assert verdicts(found) == [VALID, VALID, ("extraneous", "series_complete")]
    assert (due(found).series_status, due(found).reason, dates(due(found))) == (
        "complete",
        "series_complete",
        (None, None, None),
    )


def test_what_the_rules_do_not_know_counts_towards_nothing():
    assert verdicts(ask(("555", days(0)), rules=two_doses())) == [("extraneous", "not_in_schedule")]


class TestSkips:
    def rules(self, *conditions, context="both", logic="and"):
        return rules_of(
            series(
                target(1),
                target(2, intervals=[after("4 weeks")], skips=[skip(*conditions, context=context, logic=logic)]),
            )
        )

    def test_by_age_at_the_dose(self):
        rules = self.rules(FROM_TWO_YEARS)
        found = ask(("900", days(0)), ("900", "2017-01-01"), rules=rules)
        assert verdicts(found) == [VALID, ("extraneous", "series_complete")]
        found = ask(("900", days(0)), ("900", "2016-12-31"), rules=rules)
        assert verdicts(found) == [VALID, VALID]

    def test_by_age_in_the_forecast(self):
        rules = self.rules(FROM_TWO_YEARS, context="forecast")
        assert due(ask(("900", days(0)), rules=rules, as_of="2016-12-31")).series_status == "not_complete"
        assert due(ask(("900", days(0)), rules=rules, as_of="2017-01-01")).series_status == "complete"
        # The day that counts is the one on which the dose could be given.
        assert due(ask(("900", "2016-12-10"), rules=rules, as_of="2016-12-11")).series_status == "complete"
        # Doses are evaluated without it.
        assert verdicts(ask(("900", days(0)), ("900", "2018-01-01"), rules=rules)) == [VALID, VALID]

    def test_by_interval(self):
        rules = self.rules({"kind": "interval", "interval": "6 months"})
        found = [due(ask(("900", "2020-01-15"), rules=rules, as_of=day)) for day in ("2020-07-14", "2020-07-15")]
        assert [one.series_status for one in found] == ["not_complete", "complete"]

    @pytest.mark.parametrize(
        ("comparison", "count", "status"),
        [
            ("greater", 0, "complete"),
            ("greater", 1, "not_complete"),
            ("equal", 1, "complete"),
            ("equal", 0, "not_complete"),
            ("less", 2, "complete"),
            ("less", 1, "not_complete"),
        ],
    )
    def test_by_count(self, comparison, count, status):
        rules = self.rules({"kind": "count_by_age", "dose_count": count, "comparison": comparison})
        assert due(ask(("900", days(0)), rules=rules)).series_status == status

    @pytest.mark.parametrize(
        ("condition", "counts"),
        [
            ({"begin_age": "2 years"}, False),
            ({"end_age": "1 year"}, True),
            ({"vaccines": ["901"]}, False),
            ({"vaccines": ["900"]}, True),
            ({"only_valid": True}, True),
            ({"kind": "count_by_date", "begin_on": "2015-01-01"}, True),
            ({"kind": "count_by_date", "end_on": "2015-01-01"}, False),
        ],
    )
    def test_which_doses_are_counted(self, condition, counts):
        rules = self.rules({"kind": "count_by_age", **condition})
        status = due(ask(("900", days(0)), rules=rules)).series_status
        assert (status == "complete") == counts

    def test_doses_that_do_not_count_are_in_the_total_only(self):
        total, valid = {"kind": "count_by_age", "dose_count": 1}, {"only_valid": True}
        given = (("900", days(0)), ("900", days(3)))
        assert due(ask(*given, rules=self.rules(total))).series_status == "complete"
        assert due(ask(*given, rules=self.rules({**total, **valid}))).series_status == "not_complete"

    @pytest.mark.parametrize(("logic", "status"), [("and", "not_complete"), ("or", "complete")])
    def test_conditions_are_joined(self, logic, status):
        conditions = (FROM_TWO_YEARS, {"kind": "age", "begin_age": "90 years"})
        assert due(ask(("900", days(0)), rules=self.rules(*conditions, logic=logic))).series_status == status

    def test_by_a_completed_series(self):
        booster = series(
            target(1, {"minimum": "5 years"}, skips=[skip({"kind": "completed_series", "series_groups": ["1"]})]),
            name="later",
            group="2",
        )
        rules = rules_of(booster, series(target(1)))
        assert due(ask(rules=rules)).series_status == "not_complete"
        assert due(ask(("900", days(0)), rules=rules)).series_status == "complete"


class TestForecast:
    def test_by_age(self):
        line = due(ask(rules=two_doses(ages=[INFANT]), born="2021-05-10", as_of="2021-05-10"))
        assert dates(line) == ("2021-06-21", "2021-07-10", "2021-09-06")
        assert (line.dose_number, line.reason) == (1, "upcoming")

    @pytest.mark.parametrize(
        ("as_of", "reason"),
        [
            ("2021-07-09", "upcoming"),
            ("2021-07-10", "due"),
            ("2021-09-06", "due"),
            ("2021-09-07", "overdue"),
        ],
    )
    def test_the_reason_says_whether_it_is_late(self, as_of, reason):
        line = due(ask(rules=two_doses(ages=[INFANT]), born="2021-05-10", as_of=as_of))
        assert line.reason == reason

    def test_by_interval_never_before_the_earliest_day(self):
        second = target(2, {"earliest_recommended": "4 months"}, intervals=[after("4 weeks")])
        rules = rules_of(series(target(1), second))
        assert dates(due(ask(("900", days(30)), rules=rules)))[:2] == ("2015-02-28", "2015-05-01")
        assert dates(due(ask(("900", days(365)), rules=rules)))[:2] == ("2016-01-29", "2016-01-29")

    def test_too_late_before_it_could_be_given(self):
        second = target(2, {"maximum": "8 months"}, intervals=[after("4 weeks")])
        rules = rules_of(series(target(1), second))
        assert due(ask(("900", "2015-08-03"), rules=rules, as_of="2015-08-03")).series_status == "not_complete"
        assert due(ask(("900", "2015-08-04"), rules=rules, as_of="2015-08-04")).series_status == "aged_out"

    def test_a_recurring_dose_is_never_the_last(self):
        rules = rules_of(series(target(1), target(2, intervals=[after("10 years")], is_recurring=True)))
        found = ask(("900", "1990-01-01"), ("900", "2001-01-01"), ("900", "2012-01-01"), rules=rules, born="1980-01-01")
        assert verdicts(found) == [VALID] * 3
        assert (due(found).dose_number, due(found).earliest_on) == (4, date(2022, 1, 1))

    def test_a_season(self):
        rules = two_doses(season={"begin_on": "2025-07-01", "end_on": "2026-06-30"})
        assert due(ask(rules=rules, as_of="2026-06-30")).earliest_on == date(2025, 7, 1)
        over = due(ask(rules=rules, as_of="2026-07-01"))
        assert (over.series_status, over.reason, dates(over)) == ("not_complete", "season_over", (None, None, None))

    def test_born_before_a_day_is_immune_unless_a_country_is_asked_for(self):
        by_birth = {"antigen": "Testpox", "born_before": "1957-01-01"}
        rules = rules_of(series(target(1)), immunity=[by_birth])
        found = [due(ask(rules=rules, born=born)).series_status for born in ("1956-12-31", "1957-01-01")]
        assert found == ["immune", "not_complete"]
        rules = rules_of(series(target(1)), immunity=[{**by_birth, "birth_country": "U.S."}])
        assert due(ask(rules=rules, born="1950-01-01")).series_status == "not_complete"


class TestSelection:
    def late_start(self):
        usual = series(target(1), target(2, intervals=[after("4 weeks")]), name="usual", max_age_to_start="7 years")
        late = series(
            target(1, {"absolute_minimum": "7 years", "minimum": "7 years"}),
            name="late",
            is_default=False,
            preference=2,
        )
        return rules_of(usual, late)

    def test_the_default_series_for_who_has_nothing(self):
        assert due(ask(rules=self.late_start(), as_of="2015-02-01")).earliest_on == BORN

    def test_another_one_where_it_is_too_late_to_begin(self):
        before, after_birthday = "2021-12-31", "2022-01-01"
        found = [due(ask(rules=self.late_start(), as_of=day)).earliest_on for day in (before, after_birthday)]
        assert found == [BORN, date(2022, 1, 1)]

    def test_a_series_begun_in_time_goes_on(self):
        found = due(ask(("900", "2021-12-31"), rules=self.late_start()))
        assert (found.series_status, found.dose_number) == ("not_complete", 2)

    def test_a_complete_one_wins(self):
        found = ask(("900", "2022-01-01"), rules=self.late_start())
        assert due(found).series_status == "complete"

    def test_too_late_to_begin_any_is_aged_out(self):
        rules = rules_of(series(target(1), max_age_to_start="50 years"))
        born = "1970-01-01"
        found = [due(ask(rules=rules, born=born, as_of=day)).series_status for day in ("2019-12-31", "2020-01-01")]
        assert found == ["not_complete", "aged_out"]

    def test_a_product_series_where_all_doses_are_of_the_product(self):
        mixed = series(target(1, preferable_vaccines=EITHER), *map(target, (2, 3)))
        product = series(
            *(target(number, preferable_vaccines=[{"cvx": "901"}]) for number in (1, 2)),
            name="product",
            is_default=False,
            is_product_path=True,
            preference=2,
        )
        rules = rules_of(mixed, product)
        assert due(ask(("901", days(0)), ("901", days(9)), rules=rules)).series_status == "complete"
        assert due(ask(("900", days(0)), ("900", days(9)), rules=rules)).dose_number == 3

    @pytest.mark.parametrize(("sex", "has_line"), [("female", True), ("male", False), ("unknown", True)])
    def test_a_series_for_some(self, sex, has_line):
        rules = rules_of(series(target(1), genders=["female", "unknown"]))
        assert bool(ask(rules=rules, sex=sex).due) == has_line

    def test_a_series_of_later_life_is_not_told_before(self):
        rules = rules_of(series(target(1), min_age_to_start="65 years"))
        found = [ask(rules=rules, born="1950-01-01", as_of=day).due for day in ("2014-12-31", "2015-01-01")]
        assert [len(one) for one in found] == [0, 1]

    def test_series_of_risk_judge_what_only_they_are_given_but_recommend_nothing(self):
        risk = series(target(1, {"minimum": "0 days"}), is_risk=True)
        assert verdicts(ask(("900", days(0)), rules=rules_of(risk))) == [VALID]
        assert not ask(("900", days(0)), rules=rules_of(risk)).due
        standard = series(target(1, {"maximum": "1 year"}), group="2")
        found = ask(("900", "2020-01-01"), rules=rules_of(risk, standard))
        assert verdicts(found) == [("extraneous", "too_old")]


class TestLiveViruses:
    def rules(self, **second):
        conflict = {"previous": "901", "current": "900", "begin": "1 day", "minimum_end": "24 days", "end": "28 days"}
        return rules_of(series(target(1, preferable_vaccines=EITHER), target(2, **second)), conflicts=[conflict])

    @pytest.mark.parametrize(("distance", "found"), [(0, None), (1, CONFLICT), (23, CONFLICT), (24, None)])
    def test_two_are_kept_apart_unless_given_on_one_day(self, distance, found):
        evaluation = ask(("901", days(0)), ("900", days(distance)), rules=self.rules(preferable_vaccines=EITHER))
        assert [reason for _, reason in verdicts(evaluation)] == [None, found]

    def test_the_forecast_waits_for_it_unless_another_vaccine_is_free(self):
        assert due(ask(("901", days(9)), rules=self.rules())).earliest_on == days(9 + 28)
        assert due(ask(("901", days(9)), rules=self.rules(preferable_vaccines=EITHER))).earliest_on == BORN
