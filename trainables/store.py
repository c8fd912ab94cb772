"""Arrays that can be made again, kept by what they were made from."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from trainables.data.source import Images
from trainables.errors import UserError

# Raised whenever what is computed for the same identity changes.
_VERSION = 2
_PICTURES_PER_CHUNK = 256


@dataclass(frozen=True)
class Entry:
    """Arrays by name, and lists of texts by name."""

    arrays: dict[str, NDArray[Any]]
    texts: dict[str, list[str]] = field(default_factory=dict)


class ArrayStore:
    """A folder of safetensors files named by the hash of what they were made from.

    A file is written under a temporary name and renamed, so that a half-written one is never read;
    two builders of the same entry write the same content, and the later rename wins.

    Args:
        folder: made when the first entry is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, kind: str, identity: Mapping[str, Any], build: Callable[[], Entry]) -> Entry:
        """Read an entry, or build and keep it.

        Args:
            kind: the first part of the file's name.
            identity: all that the content depends on; plain values.
            build: makes the entry.

        Raises:
            UserError: the folder cannot be written.
        """
        path = self._path(kind, identity, ".safetensors")
        found = _read(path)
        if found is None:
            found = build()
            _write(path, found)
        return found

    def images(
        self,
        kind: str,
        identity: Mapping[str, Any],
        size: int,
        decode: Callable[[], tuple[int, Callable[[int, int], Images]]],
        progress: Callable[[int, int], None],
    ) -> Images:
        """Map a pool of pictures into memory, or decode and keep it.

        Args:
            kind: the first part of the file's name.
            identity: all that the content depends on; plain values.
            size: height and width in pixels.
            decode: gives how many pictures there are, and what reads those from one number up to
                another.
            progress: told how many of them are decoded.

        Returns:
            (num_pictures, size, size, 3), memory-mapped and read-only.

        Raises:
            UserError: the folder cannot be written.
        """
        path = self._path(kind, identity, ".npy")
        found = _map(path)
        if found is None:
            num, read = decode()
            with _written(path) as temporary:
                pool = np.lib.format.open_memmap(
                    temporary, mode="w+", dtype=np.uint8, shape=(num, size, size, 3)
                )
                for first in range(0, num, _PICTURES_PER_CHUNK):
                    last = min(first + _PICTURES_PER_CHUNK, num)
                    pool[first:last] = read(first, last)
                    progress(last, num)
                pool.flush()
            found = _map(path)
            assert found is not None
        return found

    def _path(self, kind: str, identity: Mapping[str, Any], suffix: str) -> Path:
        text = json.dumps({"version": _VERSION, **identity}, sort_keys=True)
        return self._folder / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}{suffix}"


def _map(path: Path) -> Images | None:
    if not path.exists():
        return None
    try:
        # As a plain array, which Ray takes as one block of shared memory; a memmap it would copy.
        found: Images = np.asarray(np.load(path, mmap_mode="r"))
    except (ValueError, EOFError):
        # Damaged on disk: it is built again and replaced.
        return None
    return found


def _read(path: Path) -> Entry | None:
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            texts = json.loads((file.metadata() or {}).get("texts", "{}"))
    except (SafetensorError, ValueError):
        # Damaged on disk: it is built again and replaced.
        return None
    return Entry(arrays, texts)


def _write(path: Path, entry: Entry) -> None:
    with _written(path) as temporary:
        # Not np.ascontiguousarray, which would give a single number a dimension.
        arrays = {name: array.copy(order="C") for name, array in entry.arrays.items()}
        save_file(arrays, temporary, metadata={"texts": json.dumps(entry.texts)})


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """Give a temporary file that takes its final name when it is whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot keep computed data in {path.parent} ({error.strerror}): make the folder "
            "writable, or point UNREMEMBER_CACHE at one that is."
        ) from error
