import pytest

from benchmarks.stats import RESTLESS, Goal, percentile, ratios, restlessness, spread


def test_a_ratio_is_made_within_each_round():
    found = ratios([2.0, 30.0, 5.0], [1.0, 10.0, 10.0])  # the rounds differ by ten, what they compare does not
    assert (found.median, found.low, found.high) == (2.0, 0.5, 3.0)
    assert str(found) == "2.00 [0.50-3.00]"


def test_rounds_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_a_median_is_not_moved_by_one_bad_window():
    assert spread([1.0, 1.0, 1.0, 1.0, 9.0]).median == 1.0


def test_restlessness_is_the_middle_half_over_the_median():
    assert restlessness([10.0, 10.0, 10.0, 10.0, 90.0]) == 0.0
    assert restlessness([8.0, 9.0, 10.0, 11.0, 12.0]) == pytest.approx(0.2)
    assert restlessness([5.0, 8.0, 10.0, 12.0, 15.0]) > RESTLESS


@pytest.mark.parametrize(
    ("goal", "figure", "verdict"),
    [
        (Goal(0.75, 0.40), 0.40, "ambition reached"),
        (Goal(0.75, 0.40), 0.41, "duty reached"),
        (Goal(0.75, 0.40), 0.76, "NOT REACHED"),
        (Goal(1.1), 1.1, "duty reached"),
        (Goal(1.5, 3, is_least=True), 3.2, "ambition reached"),
        (Goal(1.5, 3, is_least=True), 1.5, "duty reached"),
        (Goal(1.5, 3, is_least=True), 1.4, "NOT REACHED"),
    ],
)
def test_what_a_goal_says(goal, figure, verdict):
    assert goal.verdict(figure) == verdict


def test_percentiles():
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(map(float, range(100))), 0.99) == 99.0
