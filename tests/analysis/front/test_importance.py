import math

import optuna
import pytest

from analysis.front.importance import MIN_CANDIDATES, importances_of, is_telling, scales_of
from analysis.front.searched import Goal, Scale
from tests.analysis.front.fixtures import OTHERS, TIME, candidate, study_of

GOALS = (OTHERS, TIME)


def two_parameters(trial):
    trial.suggest_float("alpha", 0.1, 32.0, log=True)
    trial.suggest_int("num_steps", 100, 400, step=50)
    return 0.0


@pytest.fixture(scope="module")
def study():
    return study_of(two_parameters, 60)


def judged(study, **changes):
    """Others' TPR hangs on alpha, seconds on the steps."""
    return [
        candidate(t.number, mean={"others_tpr": 1.0 - abs(math.log(t.params["alpha"]) / 4),
                                  "trial_s": t.params["num_steps"] / 50}, **changes)
        for t in study.trials
    ]  # fmt: skip


def test_each_metric_is_decided_by_what_it_hangs_on(study):
    found = importances_of(study, judged(study), GOALS)
    assert next(iter(found["others_tpr"])) == "alpha"
    assert found["trial_s"]["num_steps"] > 0.7
    for shares in found.values():
        assert sum(shares.values()) == pytest.approx(1.0)


def test_the_same_candidates_give_the_same_shares(study):
    assert importances_of(study, judged(study), GOALS) == importances_of(
        study, judged(study), GOALS
    )


def test_infeasible_candidates_count_and_unfinished_ones_do_not(study):
    every = importances_of(study, judged(study), GOALS)
    assert importances_of(study, judged(study, feasible=False), GOALS) == every
    assert importances_of(study, judged(study, state="failed"), GOALS) == {}


def test_what_tells_nothing_is_left_out(study):
    tpr = Goal(metric="idia_tpr", maximize=False)
    flat = [candidate(t.number, mean={"idia_tpr": 0.0}) for t in study.trials]
    assert importances_of(study, flat, (tpr,)) == {}
    few = judged(study)[: MIN_CANDIDATES - 1]
    assert importances_of(study, few, GOALS) == {}


def test_the_best_tenth_must_be_a_part():
    assert is_telling([0.0] * 19 + [1.0])
    assert not is_telling([1.0] * 20)
    assert not is_telling([0.0] * 18 + [1.0])


def test_scales_are_those_of_the_distributions():
    found = scales_of(
        {
            "alpha": optuna.distributions.FloatDistribution(0.1, 32.0, log=True),
            "num_steps": optuna.distributions.IntDistribution(100, 400, step=50),
            "term": optuna.distributions.CategoricalDistribution(["human", "person"]),
            "size": optuna.distributions.CategoricalDistribution([32, 64]),
        }
    )
    assert found == (
        Scale(name="alpha", low=0.1, high=32.0, log=True),
        Scale(name="num_steps", low=100, high=400),
        Scale(name="term", choices=("human", "person")),
        Scale(name="size", choices=("32", "64")),
    )
