"""Captions as token ids, word by word, so that putting a name in place of a word is a splice.

CLIP's byte-pair encoding never merges across white space: the ids of a sentence are those of its
words in a row. A caption is therefore tokenised once, and a name or the neutral term is put into it
by cutting and joining ids.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from trainables.bpe import Ids as Ids
from trainables.bpe import Lengths, WordEncoder

# So many are taken to pieces at a time: memory stays small, and a distinct word is encoded once.
_CAPTIONS_PER_CHUNK = 50_000
# What CLIP's cleaning only makes lower case: it mends other alphabets, HTML's signs and controls.
_IS_CLEAN = re.compile("[ -%'-~]*").fullmatch


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

    def compact(self) -> "TokenisedCaptions":
        """Give the same in smaller types, since every worker maps half a million captions."""
        fits = self.word_starts[-1] <= np.iinfo(np.int32).max
        starts: Any = np.int32 if fits else np.int64
        ids: Any = np.uint16 if self.ids.max(initial=0) <= np.iinfo(np.uint16).max else np.int32
        return TokenisedCaptions(
            self.ids.astype(ids),
            self.word_starts.astype(starts),
            self.caption_starts.astype(starts),
        )

    @property
    def num_words(self) -> Lengths:
        """(num_captions,) words in each caption."""
        return np.diff(self.caption_starts)


class WordTokenizer:
    """Tokenises by words.

    Args:
        context_length: positions that the text encoder has, start and end included.
    """

    def __init__(self, context_length: int) -> None:
        self.context_length = context_length
        # A caption is cleaned whole, once; its words are then encoded as they are.
        self._encode = WordEncoder()
        self.start_id = self._encode.start_id
        self.end_id = self._encode.end_id

    def words(self, text: str) -> list[str]:
        """Split a caption at white space, after the cleaning that CLIP's tokenizer does."""
        return self._cleaned(text).split()

    def encode(self, text: str) -> list[int]:
        """Give the ids of a text without start and end."""
        ids, _ = self._encode(self.words(text))
        return [int(token) for token in ids]

    def captions(
        self, texts: Iterable[str], progress: Callable[[int, int], None] | None = None
    ) -> TokenisedCaptions:
        """Tokenise captions word by word.

        Args:
            texts: the captions.
            progress: told how many of them are done, and of how many.
        """
        chosen = texts if isinstance(texts, pl.Series) else list(texts)
        parts = []
        for first in range(0, len(chosen), _CAPTIONS_PER_CHUNK):
            parts.append(self._chunk(chosen[first : first + _CAPTIONS_PER_CHUNK]))
            if progress:
                progress(min(first + _CAPTIONS_PER_CHUNK, len(chosen)), len(chosen))
        return _joined(parts)

    def _chunk(self, texts: Iterable[str]) -> TokenisedCaptions:
        """Encode each distinct word once, and put the ids in the places of the words."""
        cleaned = pl.Series("word", [self._cleaned(text) for text in texts], dtype=pl.String)
        split = pl.DataFrame({"word": cleaned.str.split(" ")}).with_row_index("caption")
        words = split.explode("word").filter(pl.col("word") != "")
        distinct = words.select("word").unique()
        distinct = distinct.sort(pl.col("word").str.contains("[^a-z]")).with_row_index("at")
        which = words.join(distinct, on="word", how="left", maintain_order="left")["at"].to_numpy()
        ids, lengths = self._encode(distinct["word"].to_list())
        word_starts, starts = _starts(lengths[which]), _starts(lengths)
        source = np.arange(word_starts[-1])
        source += np.repeat(starts[which] - word_starts[:-1], lengths[which])
        num_words = np.bincount(words["caption"].to_numpy(), minlength=len(cleaned))
        return TokenisedCaptions(ids[source], word_starts, _starts(num_words))

    def _cleaned(self, text: str) -> str:
        return text.lower() if _IS_CLEAN(text) else self._encode.clean(text)

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


def _starts(lengths: Lengths) -> Lengths:
    return np.append(0, np.cumsum(lengths, dtype=np.int64))


def _joined(parts: Sequence[TokenisedCaptions]) -> TokenisedCaptions:
    """Put captions behind one another."""
    word_starts, caption_starts = [np.zeros(1, dtype=np.int64)], [np.zeros(1, dtype=np.int64)]
    for part in parts:
        word_starts.append(part.word_starts[1:] + word_starts[-1][-1])
        caption_starts.append(part.caption_starts[1:] + caption_starts[-1][-1])
    ids = [np.empty(0, dtype=np.int32), *(part.ids for part in parts)]
    return TokenisedCaptions(
        np.concatenate(ids), np.concatenate(word_starts), np.concatenate(caption_starts)
    )


def _take(ids: Ids, index: Lengths) -> Ids:
    # Places outside a caption are masked by the caller; the clip only keeps them in range.
    if not len(ids):
        return np.zeros(index.shape, dtype=np.int32)
    return ids[np.clip(index, 0, len(ids) - 1)]
