import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.tokenizer import SimpleTokenizer

from trainables.tokens import Inserts, WordTokenizer, lengths_of

REFERENCE = SimpleTokenizer(context_length=77)
UNCLEANED = SimpleTokenizer(context_length=77)
UNCLEANED.clean_fn = str
TOKENIZER = WordTokenizer(77)


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
