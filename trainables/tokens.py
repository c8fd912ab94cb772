"""Captions as token ids, word by word, so that putting a name in place of a word is a splice.

CLIP's byte-pair encoding never merges across white space: the ids of a sentence are those of its
words in a row. A caption is therefore tokenised once, and a name or the neutral term is put into it
by cutting and joining ids.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from open_clip.tokenizer import SimpleTokenizer

Ids = NDArray[np.int32]
Lengths = NDArray[np.int64]


@dataclass(frozen=True)
class TokenisedCaptions:
    """Captions as one ragged array: ids of words, words of captions.

    Attributes:
        ids: (num_ids,) the ids of all words of all captions in a row, without start and end.
        word_starts: (num_words + 1,) where each word starts in `ids`.
        caption_starts: (num_captions + 1,) where each caption starts in `word_starts`.
    """

    ids: Ids
    word_starts: Lengths
    caption_starts: Lengths

    def __len__(self) -> int:
        return len(self.caption_starts) - 1

    @property
    def num_words(self) -> Lengths:
        """(num_captions,) words in each caption."""
        return np.diff(self.caption_starts)


class WordTokenizer:
    """Tokenises by words and remembers each word's ids.

    Args:
        context_length: positions that the text encoder has, start and end included.
    """

    def __init__(self, context_length: int) -> None:
        self.context_length = context_length
        self._tokenizer = SimpleTokenizer(context_length=context_length)
        # A caption is cleaned whole, once; its words are then encoded as they are.
        self._clean, self._tokenizer.clean_fn = self._tokenizer.clean_fn, str
        self.start_id: int = self._tokenizer.sot_token_id
        self.end_id: int = self._tokenizer.eot_token_id
        self._known: dict[str, list[int]] = {}

    def words(self, text: str) -> list[str]:
        """Split a caption at white space, after the cleaning that CLIP's tokenizer does."""
        return str(self._clean(text)).split()

    def encode(self, text: str) -> list[int]:
        """Give the ids of a text without start and end."""
        return [token for word in self.words(text) for token in self._encode_word(word)]

    def _encode_word(self, word: str) -> list[int]:
        ids = self._known.get(word)
        if ids is None:
            ids = self._known[word] = self._tokenizer.encode(word)
        return ids

    def captions(self, texts: Iterable[str]) -> TokenisedCaptions:
        """Tokenise captions word by word."""
        ids: list[int] = []
        word_starts = [0]
        caption_starts = [0]
        for text in texts:
            for word in self.words(text):
                ids.extend(self._encode_word(word))
                word_starts.append(len(ids))
            caption_starts.append(len(word_starts) - 1)
        return TokenisedCaptions(
            np.array(ids, dtype=np.int32), np.array(word_starts), np.array(caption_starts)
        )

    def batch(self, texts: Sequence[str]) -> Ids:
        """Give (num_texts, longest) ids with start and end, zeros after the end."""
        tokenised = self.captions(texts)
        return self.whole(tokenised, np.arange(len(tokenised)))

    def whole(self, captions: TokenisedCaptions, rows: Lengths) -> Ids:
        """Give (num_rows, longest) ids of captions as they are."""
        nowhere = np.zeros(len(rows), dtype=np.int64)
        return self._assemble(captions, rows, nowhere, nowhere, Inserts.of([[]]), nowhere)

    def splice(
        self,
        captions: TokenisedCaptions,
        rows: Lengths,
        positions: Lengths,
        inserts: "Inserts",
        which: Lengths,
    ) -> Ids:
        """Put a text in place of one word of each caption.

        Args:
            captions: the captions.
            rows: (num_rows,) which captions.
            positions: (num_rows,) which word of each is replaced, counted from 0.
            inserts: the texts to put in.
            which: (num_rows,) which of the texts.

        Returns:
            (num_rows, longest) ids with start and end, cut at the context length as open_clip cuts.
        """
        words = captions.caption_starts[rows] + positions
        begins, ends = captions.word_starts[words], captions.word_starts[words + 1]
        first = captions.word_starts[captions.caption_starts[rows]]
        return self._assemble(captions, rows, begins - first, ends - begins, inserts, which)

    def _assemble(
        self,
        captions: TokenisedCaptions,
        rows: Lengths,
        before: Lengths,
        replaced: Lengths,
        inserts: "Inserts",
        which: Lengths,
    ) -> Ids:
        """Join start, ids before the word, insert, ids after the word and end."""
        first = captions.word_starts[captions.caption_starts[rows]][:, None]
        length = captions.word_starts[captions.caption_starts[rows + 1]][:, None] - first
        before, replaced = before[:, None], replaced[:, None]
        insert_first = inserts.starts[which][:, None]
        inserted = inserts.starts[which + 1][:, None] - insert_first
        total = np.minimum(length - replaced + inserted + 2, self.context_length)
        column = np.arange(int(total.max(initial=2)))[None, :]
        at = column - 1
        in_insert = (at >= before) & (at < before + inserted)
        source = first + np.where(at < before, at, at - inserted + replaced)
        ids = _take(captions.ids, source)
        ids = np.where(in_insert, _take(inserts.ids, insert_first + at - before), ids)
        ids[:, 0] = self.start_id
        ids = np.where(column == total - 1, self.end_id, ids)
        return np.where(column >= total, 0, ids).astype(np.int32)


@cache
def word_tokenizer(context_length: int) -> WordTokenizer:
    """Give the tokenizer of a context length, with all the words that it has met."""
    return WordTokenizer(context_length)


@dataclass(frozen=True)
class Inserts:
    """Texts to be put into captions, as one ragged array.

    Attributes:
        ids: (num_ids,) in a row.
        starts: (num_inserts + 1,) where each starts.
    """

    ids: Ids
    starts: Lengths

    @classmethod
    def of(cls, texts_ids: Sequence[Sequence[int]]) -> "Inserts":
        """Join the ids of several texts."""
        flat = [token for ids in texts_ids for token in ids]
        starts = np.cumsum([0, *(len(ids) for ids in texts_ids)])
        return cls(np.array(flat, dtype=np.int32), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1


def lengths_of(ids: Ids) -> Lengths:
    """Count the ids of each row up to its end, start and end included: (num_rows,)."""
    # The end has the highest id of the vocabulary; open_clip pools at the same place.
    return np.asarray(ids.argmax(axis=1) + 1, dtype=np.int64)


def _take(ids: Ids, index: Lengths) -> Ids:
    # Places outside a caption are masked by the caller; the clip only keeps them in range.
    if not len(ids):
        return np.zeros(index.shape, dtype=np.int32)
    return ids[np.clip(index, 0, len(ids) - 1)]
