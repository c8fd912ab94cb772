"""Remembering what a teacher said, since trials of one seed train on the same samples."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class TeacherMemo:
    """Remembers the teacher's embeddings.

    Args:
        limit: entries kept at most; when it is passed all are dropped.
    """

    def __init__(self, limit: int = 200_000) -> None:
        self._limit = limit
        self._keys = np.empty(0, dtype=np.int64)
        self._values: Tensor | None = None

    def lookup(
        self, keys: NDArray[np.int64], encode: Callable[[NDArray[np.int64]], Tensor]
    ) -> Tensor:
        """Give an embedding for each key.

        Args:
            keys: (num,) what is looked up; may repeat.
            encode: embeds (m,) positions of `keys` as (m, embed_dim).

        Returns:
            (num, embed_dim).
        """
        unique, first = np.unique(keys, return_index=True)
        if len(self._keys) + len(unique) > self._limit:
            self._keys, self._values = np.empty(0, dtype=np.int64), None
        new = ~np.isin(unique, self._keys)
        if new.any():
            fresh = encode(first[new])
            values = fresh if self._values is None else torch.cat([self._values, fresh])
            merged = np.concatenate([self._keys, unique[new]])
            order = np.argsort(merged)
            self._keys, self._values = merged[order], values[torch.from_numpy(order)]
        assert self._values is not None
        return self._values[torch.from_numpy(np.searchsorted(self._keys, keys))]
