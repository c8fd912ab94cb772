import numpy as np
import pytest

from analysis.front.hypervolume import (
    curve_of,
    hypervolume,
    reference_of,
    reference_text,
    scaled,
)
from analysis.front.searched import Bound, Goal
from tests.analysis.front.fixtures import CLEAN, EIGHT, OTHERS, TIME, TPR_0, candidate, searched


def draws(num_points, num_goals, seed=0):
    return np.random.default_rng(seed).uniform(size=(num_points, num_goals))


@pytest.mark.parametrize("num_goals", [1, 2, 3, 4])
def test_it_is_the_share_of_the_cube_that_points_dominate(num_goals):
    for seed in range(3):
        points = draws(12, num_goals, seed)
        probes = draws(40_000, num_goals, seed + 100)
        share = (points[:, None] <= probes[None]).all(axis=2).any(axis=0).mean()
        # Five standard errors of the share.
        assert hypervolume(points) == pytest.approx(share, abs=5 * 0.5 / 200)


@pytest.mark.parametrize("num_goals", [1, 2, 3, 4])
def test_it_is_exact_on_a_grid(num_goals):
    points = np.floor(draws(15, num_goals) * 6) / 6
    cells = np.stack(np.meshgrid(*[(np.arange(6) + 0.5) / 6] * num_goals), -1)
    inside = (points[:, None] <= cells.reshape(-1, num_goals)[None]).all(axis=2).any(axis=0)
    assert hypervolume(points) == pytest.approx(inside.mean(), abs=1e-12)


def test_what_is_no_better_than_the_reference_counts_nothing():
    assert hypervolume(np.empty((0, 3))) == 0.0
    assert hypervolume(np.array([[1.0, 0.0], [0.0, 1.0]])) == 0.0
    assert hypervolume(np.array([[0.0, 0.0]])) == 1.0


@pytest.mark.parametrize("goals", [(OTHERS,), (OTHERS, CLEAN), (OTHERS, CLEAN, TIME)])
def test_the_curve_is_the_hypervolume_of_each_beginning(goals):
    rng = np.random.default_rng(1)
    found = [
        candidate(i, *rng.uniform(0.5, 1.0, 2), feasible=bool(rng.integers(4))) for i in range(20)
    ]
    search = searched(found, goals=goals)
    reference = reference_of([search])
    curve = curve_of(found, reference)
    for i in range(20):
        feasible = [each for each in found[: i + 1] if each.feasible]
        expected = hypervolume(scaled(feasible, reference)) if feasible else 0.0
        assert curve[i] == pytest.approx(expected, abs=1e-12)
    assert curve == sorted(curve)


def ends(*searches):
    return [(end.worst, end.best, end.is_seen) for end in reference_of(searches)]


def test_the_reference_is_the_worst_that_is_feasible_else_possible_else_seen():
    assert ends(searched(EIGHT)) == [(0.0, 1.0, False), (0.0, 1.0, False)]
    others = Bound(metric="others_tpr", low=0.9)
    assert ends(searched(EIGHT, bounds=(TPR_0, others)))[0] == (0.9, 1.0, False)
    # Only the best is feasible: the worst that is possible takes its place.
    tpr = Goal(metric="idia_tpr", maximize=False)
    assert ends(searched(EIGHT, goals=(tpr,))) == [(1.0, 0.0, False)]
    (seen,) = ends(searched(EIGHT, goals=(TIME,)))
    assert seen == (pytest.approx(8.0 * 1.1), 0.0, True)
    limited = searched(EIGHT, goals=(TIME,), bounds=(Bound(metric="trial_s", high=60.0),))
    assert ends(limited) == [(60.0, 0.0, False)]


def test_several_searches_share_a_reference():
    slow = searched([candidate(0, 0.9, 0.9, mean={"trial_s": 100.0})], goals=(TIME,))
    fast = searched([candidate(0, 0.9, 0.9, mean={"trial_s": 10.0})], goals=(TIME,))
    assert ends(fast, slow) == ends(slow, fast) == [(pytest.approx(110.0), 0.0, True)]


def test_a_metric_without_ends_is_measured_between_those_that_were_seen():
    loss = Goal(metric="loss", maximize=False)
    found = [candidate(i, mean={"loss": value}) for i, value in enumerate((-1.0, -3.0))]
    assert ends(searched(found, goals=(loss,))) == [(pytest.approx(-0.8), -3.0, True)]
    assert ends(searched(found[:1], goals=(loss,))) == [(0.0, -1.0, True)]
    assert ends(searched([], goals=(loss,))) == [(1.0, 0.0, True)]


def test_the_reference_is_named():
    text = reference_text(reference_of([searched(EIGHT, goals=(OTHERS, TIME))]))
    assert text == (
        "the reference point 0.00% Others' TPR, 8.8 s Trial (of Trial a tenth beyond the worst "
        "feasible candidate)"
    )
