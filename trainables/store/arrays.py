"""A folder of arrays, each built by one process and mapped into the memory of all."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.source import Images
from trainables.errors import UserError
from trainables.store.entry import Entry, read_entry, write_entry
from trainables.store.locks import acquire, release, try_to_acquire
from trainables.store.rows import ROWS, RowSource, build_rows

# Raised whenever what is computed for the same identity changes, or how it is kept.
_VERSION = 3
SUFFIX = ".safetensors"


class ArrayStore:
    """A folder of safetensors files named by the hash of what they were made from.

    Arrays are mapped, not read, and cannot be written to. A file is written under another name and
    renamed, so that a half-written one is never read. One process builds an entry; others that want
    the same one wait for it.

    Args:
        folder: made when the first entry is written.
        say: told when another process has to be waited for: what, how much, of how much.
        words: for people, what is meant by parts of identities, by the part's name.
    """

    def __init__(
        self,
        folder: Path,
        say: Callable[[str, int, int], None] = lambda *_: None,
        words: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._say = say
        self._words = words or {}

    def get(self, kind: str, identity: Mapping[str, Any], build: Callable[[], Entry]) -> Entry:
        """Map an entry into memory; build and keep it first if need be.

        Args:
            kind: the first part of the file's name.
            identity: all that the content depends on; plain values.
            build: makes the entry.

        Raises:
            UserError: the folder cannot be written.
        """

        def write(path: Path) -> None:
            entry = build()
            with self._keeping():
                write_entry(path, entry, self._metadata(kind, identity))

        return self._found_or_made(kind, identity, write)

    def rows(
        self,
        kind: str,
        identity: Mapping[str, Any],
        produce: Callable[[], RowSource],
        progress: Callable[[int, int], None],
    ) -> NDArray[Any]:
        """Map an array into memory; build it row by row first if need be.

        A build that was interrupted goes on where it stopped.

        Args:
            kind: the first part of the file's name.
            identity: all that the content depends on; plain values.
            produce: gives what reads the rows; only called if some are missing.
            progress: told how many of the rows are there.

        Returns:
            (num_rows, ...), memory-mapped and read-only.

        Raises:
            UserError: the folder cannot be written.
        """

        def write(path: Path) -> None:
            metadata = self._metadata(kind, identity)
            build_rows(path, produce(), metadata, progress, self._keeping)

        return self._found_or_made(kind, identity, write).arrays[ROWS]

    def images(
        self,
        kind: str,
        identity: Mapping[str, Any],
        size: int,
        decode: Callable[[], tuple[int, Callable[[int, int], Images]]],
        progress: Callable[[int, int], None],
    ) -> Images:
        """Map a pool of pictures into memory; decode it first, as `rows` does, if need be.

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

        def produce() -> RowSource:
            num, read = decode()
            return RowSource(shape=(num, size, size, 3), dtype=np.uint8, read=read)

        return self.rows(kind, identity, produce, progress)

    def _found_or_made(
        self, kind: str, identity: Mapping[str, Any], write: Callable[[Path], None]
    ) -> Entry:
        path = self._folder / f"{kind}-{_digest(identity)}{SUFFIX}"
        found = self._read(path)
        if found is None:
            with self._alone(path, kind):
                found = self._read(path)  # Whoever was waited for has made it.
                if found is None:
                    write(path)
                    found = self._read(path)
        assert found is not None
        return found

    def _read(self, path: Path) -> Entry | None:
        with self._keeping():
            return read_entry(path)

    @contextmanager
    def _alone(self, path: Path, kind: str) -> Iterator[None]:
        """Hold the lock of an entry; say so if another process has to be waited for."""
        waiting = f"waiting for another process to make the {spoken(kind)}"
        with self._keeping():
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = try_to_acquire(path)
            if lock is None:
                self._say(waiting, 0, 1)
                lock = acquire(path)
                self._say(waiting, 1, 1)
        try:
            yield
        finally:
            release(lock)

    def _metadata(self, kind: str, identity: Mapping[str, Any]) -> dict[str, str]:
        words = {name: self._words[name] for name in identity if name in self._words}
        return {
            "kind": kind,
            "identity": json.dumps(identity, sort_keys=True),
            "words": json.dumps(words),
            "created_at": str(time.time()),
        }

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """Say in one sentence that the disk is full or the folder is not ours."""
        try:
            yield
        except OSError as error:
            raise UserError(
                f"cannot keep computed data in {self._folder} ({error.strerror}): make the folder "
                "writable, or point UNREMEMBER_CACHE at one that is."
            ) from error


def spoken(kind: str) -> str:
    """Say a kind of entry in words."""
    return kind.replace("-", " ").replace("_", " ")


def _digest(identity: Mapping[str, Any]) -> str:
    text = json.dumps({"version": _VERSION, **identity}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
