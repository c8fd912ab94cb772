"""Arrays that can be made again, kept by what they were made from."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from trainables.errors import UserError

# Raised whenever what is computed for the same identity changes.
_VERSION = 1


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
        text = json.dumps({"version": _VERSION, **identity}, sort_keys=True)
        path = self._folder / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.safetensors"
        found = _read(path)
        if found is None:
            found = build()
            _write(path, found)
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
        os.close(handle)
        try:
            # Not np.ascontiguousarray, which would give a single number a dimension.
            arrays = {name: array.copy(order="C") for name, array in entry.arrays.items()}
            save_file(arrays, temporary, metadata={"texts": json.dumps(entry.texts)})
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot keep computed data in {path.parent} ({error.strerror}): make the folder "
            "writable, or point UNREMEMBER_CACHE at one that is."
        ) from error
