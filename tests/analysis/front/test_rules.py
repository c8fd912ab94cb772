import pytest

from analysis.front.pareto import front_of
from analysis.front.rules import choose, distances
from tests.analysis.front.fixtures import CLEAN, EIGHT, OTHERS, TIME, candidate
from trainables.errors import UserError

GOALS = (OTHERS, CLEAN)
FRONT = front_of(EIGHT, GOALS)


@pytest.mark.parametrize(
    ("rule", "number", "says"),
    [
        ("knee", 2, "the closest to the best of each objective"),
        ("best-others-tpr", 6, "the most Others' TPR of the front"),
        ("best-sim-clean", 0, "the most Sim Clean of the front"),
        ("least-trial-s", 0, "the least Trial of the front"),
        ("most-trial-s", 6, "the most Trial of the front"),
        ("least-sim-clean", 6, "the least Sim Clean of the front"),
    ],
)
def test_each_rule_chooses_by_its_name(rule, number, says):
    choice = choose(FRONT, GOALS, rule)
    assert choice.candidate.number == number
    assert choice.text.startswith(f"candidate {number} by the rule {rule}: {says}")


def test_the_knee_is_closest_to_the_ideal_point_over_the_range_of_the_front():
    # Of 6, 2 and 0: others' TPR 1, 0.96, 0.9 and Sim Clean 0.9, 0.98, 0.99.
    assert distances(FRONT, GOALS) == pytest.approx([1.0, (0.4**2 + (1 / 9) ** 2) ** 0.5, 1.0])
    # Seconds count as much as shares.
    pair = [candidate(0, 0.8, 0.9), candidate(1, 1.0, 0.9), candidate(2, 0.9, 0.9)]
    assert distances(pair, (OTHERS, TIME)) == pytest.approx([1.0, 0.5, (0.5**2 + 1) ** 0.5])


def test_an_objective_that_tells_none_apart_counts_nothing():
    equal = [candidate(1, 0.9, 0.9), candidate(0, 0.9, 0.9)]
    assert distances(equal, GOALS) == [0.0, 0.0]
    assert choose(equal, GOALS, "knee").candidate.number == 0


def test_of_equal_ones_the_knee_decides():
    front = [candidate(0, 1.0, 0.9), candidate(1, 0.9, 1.0), candidate(2, 0.99, 0.99)]
    for each in front:
        each.mean["idia_tpr"] = 0.0
    assert choose(front, GOALS, "least-idia-tpr").candidate.number == 2


def test_an_empty_front_has_nothing_to_choose_but_the_rule_is_checked():
    assert choose([], GOALS, "knee") is None
    assert choose([], GOALS, "least-trial-s") is None
    with pytest.raises(UserError, match=r"^unknown rule 'foo'"):
        choose([], GOALS, "foo")


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("knie", r"did you mean 'knee'\?"),
        ("least-trial", r"did you mean 'least-trial-s'\?"),
        ("x", r"choose from knee, best-others-tpr, best-sim-clean, least-METRIC and most-METRIC\."),
    ],
)
def test_an_unknown_rule_is_refused(rule, hint):
    with pytest.raises(UserError, match=rf"^unknown rule '{rule}': {hint}$"):
        choose(FRONT, GOALS, rule)
