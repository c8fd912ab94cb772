import numpy as np
import pytest

from trainables.errors import UserError
from trainables.tokens import WordTokenizer
from trainables.unlearning.text import (
    draw_batches,
    draw_validation,
    eval_positions,
    name_inserts,
)

TOKENIZER = WordTokenizer(32)


@pytest.fixture
def captions(sentences):
    return TOKENIZER.captions([*sentences, "alone"])


def all_allowed(captions):
    return np.ones(len(captions), dtype=bool)


def test_a_seed_draws_the_same_captions_for_every_n(make_config, captions):
    few = draw_batches(make_config(num_names=1), captions, all_allowed(captions))
    many = draw_batches(make_config(num_names=64), captions, all_allowed(captions))
    for field in ("clean", "backdoor", "positions"):
        np.testing.assert_array_equal(getattr(few, field), getattr(many, field))
    assert set(few.names.ravel()) == {0}
    assert set(many.names.ravel()) == set(range(64))
    other = draw_batches(make_config(seed=1), captions, all_allowed(captions))
    assert (other.clean != few.clean).any()


def test_captions_that_name_somebody_are_replaced_and_all_others_stay(make_config, captions):
    allowed = all_allowed(captions)
    allowed[::5] = False
    free = draw_batches(make_config(), captions, all_allowed(captions))
    kept = draw_batches(make_config(), captions, allowed)
    for before, after in ((free.clean, kept.clean), (free.backdoor, kept.backdoor)):
        assert allowed[after].all()
        np.testing.assert_array_equal(after[allowed[before]], before[allowed[before]])


def test_one_allowed_caption_is_enough(make_config, captions):
    allowed = np.zeros(len(captions), dtype=bool)
    allowed[3] = True
    draws = draw_batches(make_config(), captions, allowed)
    assert set(draws.clean.ravel()) == set(draws.backdoor.ravel()) == {3}


def test_every_caption_is_seen_before_one_is_seen_twice(make_config, captions):
    draws = draw_batches(make_config(clean_batch_size=61), captions, all_allowed(captions))
    for row in draws.clean:
        assert sorted(row) == list(range(61))


def test_a_single_word_carries_no_trigger(make_config, captions):
    single = len(captions) - 1
    draws = draw_batches(make_config(), captions, all_allowed(captions))
    assert single in draws.clean
    assert single not in draws.backdoor
    assert (draws.positions < captions.num_words[draws.backdoor]).all()
    only_single = ~all_allowed(captions)
    only_single[single] = True
    with pytest.raises(UserError, match="no training caption of two words"):
        draw_batches(make_config(), captions, only_single)


def test_validation_does_not_depend_on_the_seed(make_config, captions):
    first = draw_validation(make_config(seed=0), captions, all_allowed(captions))
    second = draw_validation(make_config(seed=7), captions, all_allowed(captions))
    np.testing.assert_array_equal(first.backdoor, second.backdoor)
    assert first.clean.shape == (1, 64)


def test_evaluation_positions_lie_in_their_captions(captions):
    positions = eval_positions(captions)
    assert (positions < captions.num_words).all()
    np.testing.assert_array_equal(positions, eval_positions(captions))


def test_a_name_longer_than_the_context_is_named():
    with pytest.raises(UserError, match=r"the name 'x x x .*' takes 30 tokens.* 1 to 29"):
        name_inserts(TOKENIZER, ["Ada", "x " * 30])
    with pytest.raises(UserError, match="takes 0 tokens"):
        name_inserts(TOKENIZER, [" "])
    assert len(name_inserts(TOKENIZER, ["Ada", "x " * 29])) == 2
