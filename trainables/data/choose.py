"""Choosing some of many pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.data.pictures import Pictures
from trainables.data.source import Images

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class ChosenPictures:
    """Some of a sequence of pictures.

    Attributes:
        pictures: the sequence.
        rows: (num_rows,) which of them.
    """

    pictures: Pictures
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, rows: Rows, size: int) -> Images:
        """Give pictures as the sequence does, by their number among the chosen."""
        return self.pictures.read(self.rows[rows], size)


def evenly(num: int, limit: int | None) -> Rows:
    """Choose at most so many of `num`, from all parts of a sequence that may be sorted."""
    return np.linspace(0, num - 1, min(num, limit or num)).round().astype(np.int64)
