"""Tokenising captions of random words, beside open_clip's tokenizer, which takes one at a time."""

from collections.abc import Callable

import numpy as np
import torch
from open_clip.tokenizer import SimpleTokenizer

from trainables.tokens import WordTokenizer

Pair = tuple[Callable[[], object], Callable[[], object]]

_WORDS_PER_CAPTION = 10


def random_words(number: int, rng: np.random.Generator) -> list[str]:
    """Words of 3 to 9 random letters."""
    lengths = rng.integers(3, 10, size=number)
    letters = rng.integers(ord("a"), ord("z") + 1, size=lengths.sum(), dtype=np.uint8)
    text, ends = letters.tobytes().decode(), np.cumsum(lengths)
    return [text[end - length : end] for length, end in zip(lengths, ends, strict=True)]


def random_captions(number: int, num_distinct: int | None) -> list[str]:
    """Captions of ten words each, all different or drawn from so many."""
    rng = np.random.default_rng(0)
    words = random_words(num_distinct or number * _WORDS_PER_CAPTION, rng)
    if num_distinct:
        words = [words[at] for at in rng.integers(num_distinct, size=number * _WORDS_PER_CAPTION)]
    starts = range(0, len(words), _WORDS_PER_CAPTION)
    return [" ".join(words[start : start + _WORDS_PER_CAPTION]) for start in starts]


def tokenise(_device: torch.device) -> Pair:
    return _pair(random_captions(20_000, num_distinct=20_000))


def tokenise_letters(_device: torch.device) -> Pair:
    """Where no word comes twice, which is the worst for both."""
    return _pair(random_captions(5_000, num_distinct=None))


def _pair(texts: list[str]) -> Pair:
    tokenizer, reference = WordTokenizer(77), SimpleTokenizer()
    unused = dict(reference.cache)

    def baseline() -> object:
        # Words that it met in an earlier run would cost it nothing.
        reference.cache = dict(unused)
        return [reference.encode(text) for text in texts]

    return lambda: tokenizer.captions(texts), baseline
