"""An array that is built row by row, and goes on where it stopped."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.store.header import Header, Shape, encode, read_header

ROWS = "rows"
"""The name of the array in its file."""
PARTIAL, PROGRESS = ".partial", ".progress"
_ROWS_PER_CHUNK = 256

Keeping = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class RowSource:
    """What gives the rows of an array.

    Attributes:
        shape: of the whole, (num_rows, ...).
        dtype: of the numbers.
        read: gives rows from one number up to another.
        rows_per_chunk: how many are asked for, written and counted at a time.
    """

    shape: Shape
    dtype: type[np.generic]
    read: Callable[[int, int], NDArray[Any]]
    rows_per_chunk: int = _ROWS_PER_CHUNK


def build_rows(
    path: Path,
    source: RowSource,
    metadata: dict[str, str],
    progress: Callable[[int, int], None],
    keeping: Keeping,
) -> None:
    """Write the rows that an interrupted build has not written yet.

    Args:
        path: of the whole file.
        source: of the rows.
        metadata: to keep in the file.
        progress: told how many rows there are.
        keeping: surrounds what writes to the disk, and says what is wrong with that.
    """
    partial, num_rows = path.with_suffix(PARTIAL), source.shape[0]
    begin, header = encode({ROWS: (np.dtype(source.dtype), source.shape)}, metadata)
    with keeping():
        num_done, end = _kept(path, header)
        file = partial.open("r+b" if num_done else "wb", buffering=0)
    with file:
        with keeping():
            if num_done:
                file.truncate(end)
                file.seek(end)
            else:
                path.with_suffix(PROGRESS).unlink(missing_ok=True)
                write(file, np.frombuffer(begin, np.uint8))
        if num_done:
            progress(num_done, num_rows)
        for first in range(num_done, num_rows, source.rows_per_chunk):
            last = min(first + source.rows_per_chunk, num_rows)
            part = source.read(first, last)
            if part.shape != (last - first, *source.shape[1:]) or part.dtype != source.dtype:
                raise ValueError(f"rows of {part.shape} {part.dtype}, not of {source}")
            with keeping():
                write(file, part)
                os.fsync(file.fileno())
                _note(path, last)
            progress(last, num_rows)
    with keeping():
        partial.replace(path)
        path.with_suffix(PROGRESS).unlink(missing_ok=True)


def write(file: FileIO, array: NDArray[Any]) -> None:
    """Write all bytes of an array; nothing is left for later that could fail then."""
    left = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    while left:
        left = left[file.write(left) :]


def num_noted(path: Path) -> int:
    """Count the rows that an interrupted build has written: 0 if that is not known."""
    try:
        lines = path.with_suffix(PROGRESS).read_text().split("\n")
        return int(lines[-2])  # The last may be torn, and is empty otherwise.
    except (OSError, ValueError, IndexError):
        return 0


def _note(path: Path, num_rows: int) -> None:
    with path.with_suffix(PROGRESS).open("a") as file:
        file.write(f"{num_rows}\n")


def _kept(path: Path, wanted: Header) -> tuple[int, int]:
    """Count the rows that can be kept of an interrupted build, and find where they end."""
    partial, num_done = path.with_suffix(PARTIAL), num_noted(path)
    if not partial.exists() or not 0 < num_done <= wanted.layouts[ROWS].shape[0]:
        return 0, 0
    found = read_header(partial)
    if found is None or _form(found) != _form(wanted):
        return 0, 0
    layout = found.layouts[ROWS]
    end = layout.begin + num_done * ((layout.end - layout.begin) // layout.shape[0])
    return (num_done, end) if partial.stat().st_size >= end else (0, 0)


def _form(header: Header) -> list[tuple[str, Any, Shape]]:
    return [(name, layout.dtype, layout.shape) for name, layout in header.layouts.items()]
