import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.front.pareto import front_of, is_dominated
from tests.analysis.front.fixtures import CLEAN, EIGHT, OTHERS, TIME, candidate

POINTS = st.integers(1, 4).flatmap(
    lambda size: st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=size, max_size=size),
        min_size=1, max_size=25,
    )
)  # fmt: skip


def numbers(found):
    return [each.number for each in found]


def beats(one, other):
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def test_what_none_beats_is_on_the_front():
    assert numbers(front_of(EIGHT, (OTHERS, CLEAN))) == [6, 2, 0]


@given(POINTS)
def test_dominance_is_that_of_the_definition(points):
    expected = [any(beats(other, one) for other in points) for one in points]
    assert is_dominated(np.array(points)).tolist() == expected


def test_equal_candidates_stay_beside_each_other():
    equal = [candidate(number, 0.9, 0.9) for number in (3, 1, 2)]
    assert numbers(front_of([*equal, candidate(0, 0.9, 0.8)], (OTHERS, CLEAN))) == [1, 2, 3]


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf, None])
def test_what_has_no_number_is_not_on_the_front(lost):
    found = [candidate(0, lost, 1.0), candidate(1, 0.5, 0.5)]
    assert numbers(front_of(found, (OTHERS, CLEAN))) == [1]


def test_directions_decide():
    found = [candidate(0, 0.9, 0.9), candidate(1, 0.9, 0.9), candidate(2, 0.8, 0.9)]
    assert numbers(front_of(found, (TIME,))) == [0]
    assert numbers(front_of(found, (OTHERS,))) == [0, 1]
    assert numbers(front_of(found, (TIME, OTHERS))) == [0]


def test_nothing_feasible_has_no_front():
    assert front_of([], (OTHERS, CLEAN)) == ()
    assert front_of([EIGHT[4], EIGHT[5], EIGHT[7]], (OTHERS, CLEAN)) == ()
