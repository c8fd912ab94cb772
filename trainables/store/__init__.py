"""Arrays that can be made again, kept by what they were made from."""

from trainables.store.arrays import ArrayStore
from trainables.store.entry import Entry
from trainables.store.rows import RowSource

__all__ = ["ArrayStore", "Entry", "RowSource"]
