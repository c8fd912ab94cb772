"""The rule of verdicts, one case each."""

import math

import pytest

from analysis.compare import compare, compare_exactly
from analysis.layout import Cell, Published


def _compare(ours, theirs, unit="share", n=10, published_n=10):
    mean, std = ours
    cell = Cell(mean=mean, std=std if n > 1 else None, n=n, unit=unit)
    published = Published(
        mean=theirs[0], std=theirs[1], n=published_n, source="ECAI 2024, Table 5a"
    )
    return compare(cell, published)


def test_means_that_are_shown_equivalent_agree_with_both_tests_given():
    found = _compare((0.5200, 0.002), (0.5187, 0.0019))
    assert found.verdict == "agrees"
    assert found.difference == pytest.approx(0.0013)
    assert found.tost_p < 1e-6
    assert found.welch_p == pytest.approx(0.169, abs=0.001)
    assert found.margin == 0.01


def test_a_difference_within_the_margin_agrees_though_it_is_found():
    found = _compare((0.5220, 0.001), (0.5187, 0.001))
    assert found.welch_p < 0.001
    assert found.verdict == "agrees"


def test_a_difference_beyond_the_margin_that_welch_finds_differs():
    assert _compare((0.55, 0.002), (0.5187, 0.0019)).verdict == "differs"


def test_what_rounding_can_explain_does_not_differ():
    # 0.99 may stand for 0.985.
    found = _compare((0.9849, 0.001), (0.99, 0.0), "similarity")
    assert (found.welch_p > 0.05, found.verdict) == (True, "undecided")
    assert _compare((0.9820, 0.001), (0.99, 0.0), "similarity").verdict == "differs"


def test_what_neither_test_decides_is_undecided():
    found = _compare((0.10, 0.10), (0.0531, 0.0247))
    assert found.welch_p > 0.05
    assert found.tost_p > 0.05
    assert found.verdict == "undecided"


@pytest.mark.parametrize(
    ("ours", "theirs", "unit"),
    [
        ((0.10625, 0.3), (0.1063, 0.0593), "share"),
        ((0.9996, 0.3), (0.99, 0.0), "similarity"),
        ((0.9451, 0.3), (0.95, 0.0), "similarity"),
        ((0.50004, 0.3), (0.5, 0.1), "share"),
    ],
)
def test_what_prints_alike_agrees_whatever_the_tests_say(ours, theirs, unit):
    found = _compare(ours, theirs, unit)
    assert found.tost_p > 0.05
    assert found.verdict == "agrees"


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [(0.0, "agrees"), (0.01, "agrees"), (0.01004, "agrees"), (0.0101, "differs"), (1.0, "differs")],
)
def test_without_any_spread_the_margin_and_half_a_digit_decide(mean, verdict):
    found = _compare((mean, 0.0), (0.0, 0.0))
    assert (found.welch_p, found.tost_p, found.verdict) == (None, None, verdict)


def test_a_single_seed_agrees_only_if_it_prints_alike():
    for mean, verdict in ((0.5187, "agrees"), (0.5190, "undecided"), (0.9, "undecided")):
        found = _compare((mean, None), (0.5187, 0.0019), n=1)
        assert (found.welch_p, found.tost_p, found.verdict) == (None, None, verdict)


def test_what_is_missing_has_no_verdict_and_what_is_no_number_is_undecided():
    missing = _compare((None, None), (0.5, 0.1), n=0)
    assert (missing.difference, missing.welch_p, missing.verdict) == (None, None, None)
    for value in (math.nan, math.inf):
        broken = _compare((value, math.nan), (0.5, 0.1))
        assert (broken.difference, broken.tost_p, broken.verdict) == (None, None, "undecided")


def test_counts_agree_only_exactly():
    published = Published(mean=37828608.0, std=0.0, n=1, source="ECAI 2024, Table 1")
    found = [
        compare_exactly(Cell(mean=mean, std=None, n=1, unit="count"), published)
        for mean in (37828608.0, 37828609.0, None)
    ]
    assert [comparison.verdict for comparison in found] == ["agrees", "differs", None]
    assert [comparison.difference for comparison in found] == [0.0, 1.0, None]
