"""CLIP's byte-pair encoding of many words at once, id for id that of open_clip."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode
from tokenizers import Tokenizer, models, pre_tokenizers

Ids = NDArray[np.int32]
Lengths = NDArray[np.int64]

_PIECE_END = "</w>"
# A word by itself costs ten times as much, since each text that is encoded gets an object.
_WORDS_PER_TEXT = 1024
_NUM_THREADS = min(os.cpu_count() or 1, 8)
# No word holds white space, which is therefore free to stand for something else.
_WORD_DONE, _SPECIALS = "\n", "\t\r"
# The vocabulary has a sign for each byte.
_SIGNS = str.maketrans(
    {chr(byte): sign for byte, sign in bytes_to_unicode().items()}
    | {sign: sign for sign in f" {_SPECIALS}"}
)


class WordEncoder:
    """Encodes words by open_clip's own vocabulary, merges and pattern.

    open_clip takes a word to pieces (letters, single digits, other signs) by a pattern and merges
    the bytes of each piece; here the merging is done in Rust. Only the last id of a piece can end
    a piece, so that the ids alone say where pieces end.

    Attributes:
        start_id: the token that a text begins with.
        end_id: the token that a text ends with.
        clean: what open_clip does to a text before it is split; makes it lower case, too.
    """

    def __init__(self) -> None:
        tokenizer = SimpleTokenizer(additional_special_tokens=[_WORD_DONE])
        self.start_id: int = tokenizer.sot_token_id
        self.end_id: int = tokenizer.eot_token_id
        self.clean: Callable[[str], str] = tokenizer.clean_fn
        self._find_pieces = tokenizer.pat.findall
        specials = [tokenizer.decoder[token] for token in (self.start_id, self.end_id)]
        self._signs = dict(zip(specials, _SPECIALS, strict=True))
        vocabulary = {
            self._signs[text] + _PIECE_END if text in self._signs else text: token
            for text, token in tokenizer.encoder.items()
        }
        ends = [token for text, token in vocabulary.items() if text.endswith(_PIECE_END)]
        self._ends_piece = np.isin(np.arange(len(vocabulary)), ends)
        self._merges = _merges(vocabulary, list(tokenizer.bpe_ranks))

    def __call__(self, words: Sequence[str]) -> tuple[Ids, Lengths]:
        """Encode words; most quickly where those of letters stand together.

        Args:
            words: cleaned, and without white space.

        Returns:
            (num_ids,) the ids of all words in a row, and (num_words,) how many each word has.
        """
        size = _WORDS_PER_TEXT
        parts = [words[first : first + size] for first in range(0, len(words), size)]
        if len(parts) == 1:
            return self._part(words)
        with ThreadPoolExecutor(_NUM_THREADS) as threads:
            ids, lengths = zip(_NOTHING, *threads.map(self._part, parts), strict=True)
        return np.concatenate(ids), np.concatenate(lengths)

    def _part(self, words: Sequence[str]) -> tuple[Ids, Lengths]:
        text, num_pieces = self._pieces(words)
        # A batch of one, since only a batch lets the other threads run meanwhile.
        (encoded,) = self._merges.encode_batch_fast([text], add_special_tokens=False)
        ids = np.array(encoded.ids, dtype=np.int32)
        piece_ends = np.append(0, np.flatnonzero(self._ends_piece[ids]) + 1)
        return ids, np.diff(piece_ends[np.append(0, np.cumsum(num_pieces))])

    def _pieces(self, words: Sequence[str]) -> tuple[str, Lengths]:
        """Give the pieces of words with spaces between, and the number of each word's pieces."""
        letters = "".join(words)
        if letters.isascii() and letters.isalpha():
            return " ".join(words), np.ones(len(words), dtype=np.int64)
        found = self._find_pieces("".join(word + _WORD_DONE for word in words))
        ends = [at for at, piece in enumerate(found) if piece == _WORD_DONE]
        pieces = " ".join(self._signs.get(piece, piece) for piece in found if piece != _WORD_DONE)
        return pieces.encode().decode("latin-1").translate(_SIGNS), np.diff(ends, prepend=-1) - 1


def _merges(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    """Make what merges the signs of pieces that stand in a text with spaces between."""
    # Without a cache: words are distinct, and threads would wait for each other.
    model = models.BPE(
        vocab=vocabulary, merges=merges, end_of_word_suffix=_PIECE_END, cache_capacity=0
    )
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.CharDelimiterSplit(" ")
    return tokenizer


_NOTHING = (np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))
