"""A file of arrays and texts: written whole, mapped into memory when read."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.store.header import encode, read_header
from trainables.store.rows import PARTIAL, write


@dataclass(frozen=True)
class Entry:
    """Arrays by name, and lists of texts by name."""

    arrays: dict[str, NDArray[Any]]
    texts: dict[str, list[str]] = field(default_factory=dict)


def read_entry(path: Path) -> Entry | None:
    """Map a file into memory, and note that it was used.

    Returns:
        Read-only arrays that keep the mapping for as long as one of them lives; None if there is no
        file, or it is damaged.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        header = read_header(path)
        if header is None or path.stat().st_size != header.data_end:
            return None
        mapped = np.memmap(path, np.uint8, mode="r")
    except FileNotFoundError:
        return None
    with suppress(OSError):  # Another user's cache can be read all the same.
        os.utime(path)
    arrays = {
        # As plain arrays, which Ray takes as one block of shared memory; a memmap it would copy.
        name: np.asarray(mapped[layout.begin : layout.end]).view(layout.dtype).reshape(layout.shape)
        for name, layout in header.layouts.items()
    }
    return Entry(arrays, json.loads(header.metadata.get("texts", "{}")))


def write_entry(path: Path, entry: Entry, metadata: Mapping[str, str]) -> None:
    """Write a file under another name, and rename it when all of it is on the disk.

    Raises:
        OSError: it cannot be written.
    """
    begin, header = encode(
        {name: (array.dtype, array.shape) for name, array in entry.arrays.items()},
        {**metadata, "texts": json.dumps(entry.texts)},
    )
    partial = path.with_suffix(PARTIAL)
    try:
        with partial.open("wb", buffering=0) as file:
            for part in (
                np.frombuffer(begin, np.uint8),
                *(entry.arrays[name] for name in header.layouts),
            ):
                write(file, part)
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
