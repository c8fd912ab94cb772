"""What is written out in numpy agrees with scipy, and what scipy has no answer for has one."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stats import (
    Sample,
    bootstrap,
    discoveries,
    sign_flip,
    tost,
    welch,
    wilson,
)

DIFFERENCES = st.lists(st.integers(-3, 3).map(lambda value: value / 10), min_size=2, max_size=7)


@given(DIFFERENCES)
@settings(deadline=None)
def test_sign_flips_are_all_enumerated(differences):
    found = abs(sum(round(10 * value) for value in differences))
    flips = list(itertools.product((-1, 1), repeat=len(differences)))
    sums = [sum(s * round(10 * v) for s, v in zip(signs, differences, strict=True))
            for signs in flips]  # fmt: skip
    share = sum(abs(total) >= found for total in sums) / len(flips)
    assert sign_flip(np.array([differences]))[0] == pytest.approx(share)


def test_sign_flips_agree_with_scipy_cell_by_cell():
    differences = np.random.default_rng(0).normal(0.3, 1.0, size=(5, 8))
    expected = scipy.stats.permutation_test(
        (differences,), np.mean, axis=1, permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip(differences) == pytest.approx(expected.pvalue)


def test_sums_that_differ_by_the_order_of_their_terms_are_ties():
    assert sign_flip(np.array([[0.1, 0.2, -0.3]]))[0] == 1.0
    assert sign_flip(np.array([[0.1, 0.2, 0.3]]))[0] == 0.25


def test_no_difference_at_all_has_a_p_value_of_one():
    assert sign_flip(np.zeros((1, 10)))[0] == 1.0


def test_more_pairs_than_can_be_enumerated_are_drawn_alike_each_time():
    rows = np.stack([np.full(20, 0.1), np.tile([0.1, -0.1], 10)])
    clear, none = sign_flip(rows)
    assert clear == pytest.approx(1 / 10_000)
    assert none == 1.0
    assert (sign_flip(rows) == [clear, none]).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(deadline=None)
def test_discoveries_agree_with_scipy(p_values):
    array = np.array(p_values)
    adjusted = scipy.stats.false_discovery_control(array)
    clear = np.abs(adjusted - 0.05) > 1e-12
    assert (discoveries(array) == (adjusted <= 0.05))[clear].all()


def test_no_test_is_no_discovery():
    assert discoveries(np.array([])).shape == (0,)


def test_bootstrap_intervals_agree_with_scipy():
    values = np.random.default_rng(1).normal(size=(3, 10))
    expected = scipy.stats.bootstrap(
        (values,), np.mean, axis=1, method="percentile", n_resamples=20_000, rng=0
    ).confidence_interval
    found = bootstrap(values)
    assert found[:, 0] == pytest.approx(expected.low, abs=0.06)
    assert found[:, 1] == pytest.approx(expected.high, abs=0.06)
    assert (bootstrap(values) == found).all()


def test_bootstrap_of_equal_values_is_that_value_and_of_two_spans_them():
    ends = bootstrap(np.array([[0.25, 0.25], [0.0, 1.0]]))
    assert ends == pytest.approx(np.array([[0.25, 0.25], [0.0, 1.0]]))


def test_bootstrap_of_many_cells_is_that_of_each():
    values = np.random.default_rng(2).normal(size=(4_001, 3))
    assert bootstrap(values)[-1] == pytest.approx(bootstrap(values[-1:])[0])


@pytest.mark.parametrize(("count", "total"), [(0, 10), (1, 64), (7, 10), (640, 640)])
def test_wilson_agrees_with_scipy(count, total):
    expected = scipy.stats.binomtest(count, total).proportion_ci(method="wilson")
    ((low, high),) = wilson(np.array([float(count)]), np.array([float(total)]))
    assert (low, high) == pytest.approx((expected.low, expected.high))


def test_welch_s_test_is_that_of_the_values():
    rng = np.random.default_rng(3)
    ours, theirs = rng.normal(0.50, 0.01, 10), rng.normal(0.51, 0.02, 8)
    expected = scipy.stats.ttest_ind(ours, theirs, equal_var=False).pvalue
    samples = [Sample(x.mean(), x.std(ddof=1), len(x)) for x in (ours, theirs)]
    assert welch(*samples) == pytest.approx(expected)


def test_equivalence_is_shown_within_the_margin_only():
    theirs = Sample(0.5, 0.002, 10)
    for ours in (Sample(0.503, 0.002, 10), Sample(0.494, 0.004, 5), Sample(0.52, 0.01, 3)):
        shifted = [(ours._replace(mean=ours.mean + by), side) for by, side in
                   ((0.01, "greater"), (-0.01, "less"))]  # fmt: skip
        expected = [
            scipy.stats.ttest_ind_from_stats(*moved, *theirs, equal_var=False, alternative=side)
            for moved, side in shifted
        ]
        assert tost(ours, theirs, 0.01) == pytest.approx(max(e.pvalue for e in expected))
    assert tost(Sample(0.5099, 0.002, 10), theirs, 0.01) > 0.4
    assert tost(Sample(0.52, 0.002, 10), theirs, 0.01) > 0.99
    assert tost(Sample(0.503, 0.05, 10), theirs, 0.01) > 0.3


def test_t_tests_need_a_spread_and_two_values_on_each_side():
    one, constant, spread = Sample(0.5, 0.0, 1), Sample(0.5, 0.0, 10), Sample(0.4, 0.01, 10)
    noise = Sample(0.5, 1e-17, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ours, theirs in [(constant, constant), (one, spread), (spread, one), (noise, constant)]:
            assert welch(ours, theirs) is None
            assert tost(ours, theirs, 0.01) is None
        assert welch(constant, spread) < 1e-6
        assert tost(spread, constant, 0.01) > 0.99
