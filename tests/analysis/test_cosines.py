"""Mean cosines against all pairs, and the drawing of rows by person."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.figures.cosines import cosines_within, mean_cosine_between, mean_pairwise_cosine
from analysis.figures.tsne import stratified
from trainables.errors import UserError

sets = arrays(
    np.float32,
    st.tuples(st.integers(2, 12), st.integers(1, 6)),
    elements=st.floats(-1, 1, width=32).filter(lambda value: value == 0 or abs(value) > 1e-3),
).filter(lambda rows: (np.abs(rows).sum(axis=1) > 0).all())


@given(sets, st.integers(0, 2**32 - 1))
def test_cosines_are_those_of_all_pairs(rows, seed):
    groups = np.random.default_rng(seed).integers(3, size=len(rows))
    exact = rows.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    pairs = list(itertools.combinations(range(len(rows)), 2))
    all_, same, different = (
        [exact[i] @ exact[j] for i, j in pairs if wanted(groups[i], groups[j])]
        for wanted in (lambda a, b: True, lambda a, b: a == b, lambda a, b: a != b)
    )
    assert mean_pairwise_cosine(rows) == pytest.approx(np.mean(all_), abs=1e-12)
    for value, brute in zip(cosines_within(rows, groups), (same, different), strict=True):
        assert value == (pytest.approx(np.mean(brute), abs=1e-12) if brute else None)
    between = mean_cosine_between(rows[:1], rows)
    assert between == pytest.approx((exact[0] @ exact.T).mean(), abs=1e-12)


def test_a_large_set_loses_no_digits():
    rows = np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (200_000, 1))
    assert mean_pairwise_cosine(rows) == pytest.approx(1, abs=1e-9)


def test_cosines_that_are_none_are_errors():
    ones = np.ones((3, 2), dtype=np.float32)
    with pytest.raises(UserError, match="at least two embeddings, not 1"):
        mean_pairwise_cosine(ones[:1])
    with pytest.raises(UserError, match="an embedding of each"):
        mean_cosine_between(ones, ones[:0])
    for value in (0, np.nan, np.inf):
        with pytest.raises(UserError, match="zero or not a number"):
            mean_pairwise_cosine(np.vstack([ones, np.full((1, 2), value, dtype=np.float32)]))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 9))
def test_each_person_is_drawn_as_often_as_there_are_faces(people, num_rows, seed):
    people = np.array(people)
    rows = stratified(people, num_rows, np.random.default_rng(seed))
    assert len(rows) == min(num_rows, len(people))
    assert (np.diff(rows) > 0).all()
    drawn, all_ = (np.bincount(p, minlength=6) for p in (people[rows], people))
    short = drawn < all_
    assert short.any() == (len(rows) < len(people))
    if short.any():
        assert drawn.max() - drawn[short].min() <= 1


def test_which_face_of_a_person_is_drawn_is_chance():
    people = np.zeros(10, dtype=np.int64)
    drawn = {int(stratified(people, 1, np.random.default_rng(seed))[0]) for seed in range(200)}
    assert drawn == set(range(10))
