import random
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.tokenizer import SimpleTokenizer

from trainables import tokens
from trainables.bpe import WordEncoder
from trainables.tokens import Inserts, WordTokenizer, lengths_of

REFERENCE = SimpleTokenizer(context_length=77)
UNCLEANED = SimpleTokenizer(context_length=77)
UNCLEANED.clean_fn = str
TOKENIZER = WordTokenizer(77)
ENCODER = WordEncoder()


def edited(caption, position, insert):
    words = TOKENIZER.words(caption)
    words[position] = insert
    return " ".join(words)


def assert_equals_reference(ids, texts):
    expected = REFERENCE(texts).numpy()
    width = ids.shape[1]
    np.testing.assert_array_equal(ids, expected[:, :width])
    assert not expected[:, width:].any()


def splice_all(captions, names, rng):
    tokenised = TOKENIZER.captions(captions)
    rows = np.arange(len(captions))
    positions = (rng.random(len(captions)) * tokenised.num_words).astype(np.int64)
    which = rng.integers(len(names), size=len(captions))
    inserts = Inserts.of([TOKENIZER.encode(name) for name in names])
    ids = TOKENIZER.splice(tokenised, rows, positions, inserts, which)
    texts = [edited(c, p, names[w]) for c, p, w in zip(captions, positions, which, strict=True)]
    return ids, texts


def test_words_in_a_row_are_the_sentence(sentences):
    assert_equals_reference(TOKENIZER.batch(sentences), sentences)


def test_a_splice_is_tokenising_the_edited_sentence(sentences, rng):
    ids, texts = splice_all(sentences, ["Joe Biden", "human", "María-José O'Neill"], rng)
    assert_equals_reference(ids, texts)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT.filter(lambda word: TOKENIZER.words(word)), min_size=2, max_size=60),
       st.integers(0, 10_000), st.sampled_from(["Joe Biden", "human", "x" * 200]))  # fmt: skip
def test_a_splice_holds_for_any_text_and_is_cut_at_the_context(words, at, name):
    caption = " ".join(words)
    split = TOKENIZER.words(caption)
    position = at % len(split)
    tokenised = TOKENIZER.captions([caption])
    inserts = Inserts.of([TOKENIZER.encode(name)])
    zero = np.zeros(1, dtype=np.int64)
    ids = TOKENIZER.splice(tokenised, zero, np.array([position]), inserts, zero)
    # The caption has been cleaned whole: cleaning a word by itself may change it again.
    words_ids = [UNCLEANED.encode(word) for word in split]
    words_ids[position] = TOKENIZER.encode(name)
    whole = [token for ids in words_ids for token in ids]
    expected = [TOKENIZER.start_id, *whole, TOKENIZER.end_id][:77]
    expected[-1] = TOKENIZER.end_id
    assert ids[0].tolist() == expected


def test_lengths_count_start_and_end(sentences):
    ids = TOKENIZER.batch(sentences)
    expected = [len(TOKENIZER.encode(text)) + 2 for text in sentences]
    assert lengths_of(ids).tolist() == expected


# What cleaning, splitting and merging could trip over, beside any characters at all.
TRAPS = st.sampled_from(
    ["&amp;", "&lt;", "&#11;", "&", "<start_of_text>", "<end_of_text>", "<\u017ftart_of_text>",
     "'s", "'\u017f", "'LL", "\x1c", "\x0b", "\t", "\n", "\r", "\0", "\x7f", "\x85", "\xa0", " ",
     "  ", "\u3000", "\u200b", "\ud800", "\u00c3\u00a9", "\u2019", "\ufb01", "e\u0301", "\u0130",
     "\u03a3", "2\u00bd", "\U00010e7e", "\U0001f469\u200d\U0001f680", "don't", "A-1",
     "zzzq" * 300]
)  # fmt: skip
ANY = st.lists(st.one_of(TRAPS, st.text(max_size=8)), max_size=8).map("".join)


def plain_captions(texts):
    words = [[UNCLEANED.encode(word) for word in TOKENIZER.words(text)] for text in texts]
    return [[tuple(ids) for ids in caption] for caption in words]


def as_lists(tokenised):
    starts = tokenised.word_starts
    words = [tuple(tokenised.ids[a:b].tolist()) for a, b in pairwise(starts)]
    firsts = tokenised.caption_starts
    return [words[a:b] for a, b in pairwise(firsts)]


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_any_text_is_encoded_as_open_clip_encodes_it(text):
    expected = REFERENCE.encode(text)
    assert TOKENIZER.encode(text) == expected
    assert TOKENIZER.captions([text]).ids.tolist() == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(ANY, max_size=6))
def test_captions_are_words_of_captions(texts):
    assert as_lists(TOKENIZER.captions(texts)) == plain_captions(texts)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="&")))
def test_cleaning_only_lowers_plain_text(text):
    assert REFERENCE.clean_fn(text).split() == text.lower().split() == TOKENIZER.words(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(ANY.flatmap(lambda text: st.sampled_from([*TOKENIZER.words(text), "a"]))))
def test_words_are_encoded_as_they_are(words):
    ids, lengths = ENCODER(words)
    assert ids.tolist() == [token for word in words for token in UNCLEANED.encode(word)]
    assert lengths.tolist() == [len(UNCLEANED.encode(word)) for word in words]


def test_many_captions_are_those_of_each_by_itself(sentences, monkeypatch):
    monkeypatch.setattr(tokens, "_CAPTIONS_PER_CHUNK", 500)
    rnd = random.Random(0)
    made = ("".join(rnd.choices("abcdefghijklmnop", k=rnd.randint(1, 9))) for _ in range(1200))
    texts = [f"{rnd.choice(sentences)} {one} {one}-{at}!" for at, one in enumerate(made)]
    done = []
    found = TOKENIZER.captions(pl.Series(texts), lambda *numbers: done.append(numbers))
    assert done == [(500, 1200), (1000, 1200), (1200, 1200)]
    assert as_lists(found) == plain_captions(texts)
    assert (found.ids.dtype, found.word_starts.dtype) == (np.int32, np.int64)


def test_no_captions():
    found = TOKENIZER.captions([])
    assert (len(found), len(found.ids), found.word_starts.tolist()) == (0, 0, [0])


def test_an_empty_caption_is_start_and_end():
    assert TOKENIZER.batch(["", "a"]).tolist() == [
        [TOKENIZER.start_id, TOKENIZER.end_id, 0],
        [TOKENIZER.start_id, TOKENIZER.encode("a")[0], TOKENIZER.end_id],
    ]


@pytest.mark.slow
def test_on_real_captions(real_captions, rng):
    assert_equals_reference(TOKENIZER.batch(real_captions), real_captions)
    ids, texts = splice_all(real_captions, ["Joe Biden", "Adam Sandler", "human"], rng)
    assert_equals_reference(ids, texts)


def test_smaller_types_hold_the_same(sentences, rng):
    wide = TOKENIZER.captions(sentences)
    small = wide.compact()
    assert (small.ids.dtype, small.word_starts.dtype) == (np.uint16, np.int32)
    np.testing.assert_array_equal(small.num_words, wide.num_words)
    rows = np.arange(len(sentences))
    positions = rng.integers(wide.num_words)
    inserts = Inserts.of([TOKENIZER.encode("Ada Byron")])
    for captions in (wide, small):
        np.testing.assert_array_equal(
            TOKENIZER.splice(captions, rows, positions, inserts, np.zeros_like(rows)),
            TOKENIZER.splice(wide, rows, positions, inserts, np.zeros_like(rows)),
        )
        assert TOKENIZER.whole(captions, rows).dtype == np.int32
