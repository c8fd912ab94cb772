import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.errors import UserError
from trainables.people import draw_people, find_mentions, samples_without, words_of


@given(st.integers(0, 10_000), st.integers(1, 64), st.integers(1, 64))
def test_the_sets_of_a_seed_are_nested(seed, n, m):
    eligible = np.arange(3, 300, 3)
    small = draw_people(eligible, min(n, m), seed, "are there")
    large = draw_people(eligible, max(n, m), seed, "are there")
    np.testing.assert_array_equal(large[: len(small)], small)
    assert len(set(large)) == len(large)
    assert set(large) <= set(eligible)


def test_seeds_draw_different_people():
    drawn = {tuple(draw_people(np.arange(90), 8, seed, "are there")) for seed in range(20)}
    assert len(drawn) == 20


def test_more_names_than_inferred_people():
    with pytest.raises(UserError, match=r"64 names cannot be unlearned, since only 5 people are"):
        draw_people(np.arange(5), 64, 0, "are inferred")


CAPTIONS = [
    "Joe Biden at a gala",
    "a photo of JOE BIDEN's dog",
    "Joe and Biden",
    "Joe Bidenson",
    "Zoë Kravitz, actress",
    "a dog",
    "Mary Jane Joe Biden",
    "St. John (actor)",
]


def test_names_are_found_as_whole_words():
    found = find_mentions(CAPTIONS, ["Joe Biden", "Zoe\u0308 Kravitz", "Mary Jane", "St John"])
    assert found.tolist() == [[0, 0], [1, 0], [4, 1], [6, 0], [6, 2], [7, 3]]


PARTS = st.sampled_from(
    ["Joe", "joe", "JOE", "Biden", "Al", "al", "Alan", "Zo\u00eb", "Zoe\u0308", "ZO\u00cb", "St.",
     "O'Neill", "Stra\u00dfe", "STRASSE", "\ufb01n", "fin", "\uff2a\uff4f\uff45", "K", "\u212a",
     "2", "\u00b2", "_", "-", "\u0130", "\ud800", "!", "'s", "\0"]
)  # fmt: skip
TEXTS = st.lists(
    st.tuples(st.one_of(PARTS, st.text(max_size=4)), st.sampled_from(["", " ", "  ", "-", "\n"])),
    max_size=6,
).map(lambda parts: "".join(word + gap for word, gap in parts))


def plain_mentions(captions, people):
    """As the protocol says it: the words of a name in a row among the words of a caption."""
    found = []
    for row, caption in enumerate(captions):
        said = "|".join(["", *words_of(caption), ""])
        for person, name in enumerate(people):
            words = words_of(name)
            if words and "|".join(["", *words, ""]) in said:
                found.append([row, person])
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.lists(TEXTS, max_size=6))
def test_mentions_are_those_of_the_plain_definition(captions, people):
    assert find_mentions(captions, people).tolist() == plain_mentions(captions, people)


def test_mentions_in_many_captions(monkeypatch):
    monkeypatch.setattr("trainables.people._CAPTIONS_PER_CHUNK", 3)
    people = ["Joe Biden", "Zo\u00eb Kravitz", "", "Mary Jane"]
    found = find_mentions(pl.Series(CAPTIONS), people)
    assert found.tolist() == plain_mentions(CAPTIONS, people)


def test_samples_without_some_people():
    mentions = find_mentions(CAPTIONS, ["Joe Biden", "Mary Jane"])
    assert np.flatnonzero(~samples_without(8, mentions, np.array([1]))).tolist() == [6]
    assert np.flatnonzero(~samples_without(8, mentions, np.array([0]))).tolist() == [0, 1, 6]
    assert find_mentions(["a dog"], ["Joe"]).shape == (0, 2)
