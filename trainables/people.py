"""Who is unlearned, and which samples are about them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainables.errors import UserError
from trainables.seeding import generator

_WORD = re.compile(r"\w+")
_CAPTIONS_PER_CHUNK = 50_000


def draw_people(
    eligible: NDArray[np.int64], num_names: int, seed: int, why_eligible: str
) -> NDArray[np.int64]:
    """Draw the people that a trial unlearns; the sets of one seed are nested.

    Args:
        eligible: (num_eligible,) indices of those who may be drawn.
        num_names: how many, n.
        seed: of the trial. The same seed puts the people in the same order for every n.
        why_eligible: what they have in common, for the message.

    Returns:
        (num_names,) indices.

    Raises:
        UserError: there are fewer than `num_names`.
    """
    if num_names > len(eligible):
        raise UserError(
            f"num_names: {num_names} names cannot be unlearned, since only {len(eligible)} people "
            f"{why_eligible}; ask for at most {len(eligible)}."
        )
    order: NDArray[np.int64] = generator("people", seed).permutation(np.sort(eligible))
    return order[:num_names]


def words_of(text: str) -> list[str]:
    """Split a text into its words as they are compared: case, accents' form and signs aside."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def find_mentions(captions: Sequence[str] | pl.Series, people: Sequence[str]) -> NDArray[np.int64]:
    """Find which captions name whom, by whole words.

    Args:
        captions: to search.
        people: their names.

    Returns:
        (num_mentions, 2) pairs of caption and person.
    """
    by_first: defaultdict[str, list[tuple[list[str], int]]] = defaultdict(list)
    for person, name in enumerate(people):
        words = words_of(name)
        if words:
            by_first[words[0]].append((words, person))
    names = [words for found in by_first.values() for words, _ in found]
    mentions = set()
    for row, caption in _candidates(captions, names):
        words = words_of(caption)
        for at, word in enumerate(words):
            for name_words, person in by_first.get(word, ()):
                if words[at : at + len(name_words)] == name_words:
                    mentions.add((row, person))
    return np.array(sorted(mentions), dtype=np.int64).reshape(-1, 2)


def _candidates(
    captions: Sequence[str] | pl.Series, names: Sequence[Sequence[str]]
) -> Iterator[tuple[int, str]]:
    """Pass over captions that hold no name's longest word anywhere: most, and at no cost."""
    # ASCII stays ASCII when it is normalised, so that only names in ASCII can be in it.
    longest = {max(words, key=len) for words in names if "".join(words).isascii()}
    parts = pl.Series([sorted(longest)], dtype=pl.List(pl.String))
    for first in range(0, len(captions), _CAPTIONS_PER_CHUNK):
        chunk = list(captions[first : first + _CAPTIONS_PER_CHUNK])
        plain = [caption if caption.isascii() else None for caption in chunk]
        texts = pl.Series(plain, dtype=pl.String)
        holds = texts.str.contains_any(parts, ascii_case_insensitive=True)
        # What is not ASCII is null here.
        for row in holds.fill_null(True).arg_true():
            yield first + row, chunk[row]


def samples_without(
    num_samples: int, mentions: NDArray[np.int64], people: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark the captions that name, or the images that show, none of `people`: (num_samples,)."""
    allowed = np.ones(num_samples, dtype=np.bool_)
    allowed[mentions[np.isin(mentions[:, 1], people), 0]] = False
    return allowed
