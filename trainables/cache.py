"""What the cache holds, and freeing it: data that trials share, and built-in models."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.errors import UserError
from trainables.store.arrays import SUFFIX as WHOLE
from trainables.store.header import Header, read_header
from trainables.store.locks import SUFFIX as LOCK
from trainables.store.locks import release, try_to_acquire
from trainables.store.rows import PARTIAL, ROWS, num_noted

ASSETS = "assets"
MODEL = "builtin"
"""The kind of pre-trained built-in models; all others are of the store's entries."""

Files = dict[Path, os.stat_result]

_ENTRY = re.compile(r"\.?(?P<name>.+-[0-9a-f]{16})\b.*")


@dataclass(frozen=True, kw_only=True)
class Cached:
    """Something that is kept and can be made again.

    Attributes:
        kind: what it is.
        name: of its files, without what follows the dot.
        identity: what it was made from; empty if that is not known.
        words: for people, what is meant by parts of the identity.
        created_at: when it was begun, in seconds since 1970; None if that is not known.
        used_at: when it was last used.
        num_bytes: on the disk.
        share: how much of it is there, 1 for all; None if an earlier version wrote it.
        in_use: whether a process makes it just now.
        path: of the whole.
        files: all that belongs to it.
    """

    kind: str
    name: str
    identity: dict[str, Any]
    words: dict[str, str]
    created_at: float | None
    used_at: float
    num_bytes: int
    share: float | None
    in_use: bool
    path: Path
    files: tuple[Path, ...]

    @property
    def unfinished(self) -> bool:
        """Whether an interrupted process left it."""
        return self.share is not None and self.share < 1


def list_cache(folder: Path) -> list[Cached]:
    """List what a cache folder holds, which may not exist, by kind and then by last use.

    Raises:
        UserError: the folder cannot be read.
    """
    with _said(folder, "read"):
        found = [*_entries(folder / ASSETS), *_models(folder)]
    return sorted(found, key=lambda cached: (cached.kind, -cached.used_at))


def remove(cached: Cached) -> bool:
    """Free something, unless a process makes it just now; tells whether that was done.

    Raises:
        UserError: it cannot be removed.
    """
    with _said(cached.path.parent, "change"):
        lock = try_to_acquire(cached.path)
        if lock is None:
            return False
        try:
            for path in cached.files:
                path.unlink(missing_ok=True)
        finally:
            release(lock)
        if cached.kind == MODEL and not any(cached.path.parent.iterdir()):
            cached.path.parent.rmdir()
    return True


@contextmanager
def _said(folder: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot {what} the cache in {folder} ({error.strerror}): make the folder yours, or "
            "point UNREMEMBER_CACHE at another one."
        ) from error


def _entries(folder: Path) -> Iterator[Cached]:
    groups: dict[str, Files] = {}
    for path, stat in _payload(folder).items():
        if match := _ENTRY.fullmatch(path.name):
            groups.setdefault(match["name"], {})[path] = stat
    for name, files in groups.items():
        path = folder / f"{name}{WHOLE}"
        header = _header(path) or _header(path.with_suffix(PARTIAL))
        metadata = header.metadata if header else {}
        yield Cached(
            kind=name.rpartition("-")[0],
            name=name,
            identity=json.loads(metadata.get("identity", "{}")),
            words=json.loads(metadata.get("words", "{}")),
            created_at=float(metadata["created_at"]) if header else None,
            # Whoever reads an entry sets the time of its file.
            used_at=max(stat.st_mtime for stat in files.values()),
            num_bytes=sum(stat.st_size for stat in files.values()),
            share=_share(path, header),
            in_use=_in_use(path),
            path=path,
            files=tuple(files),
        )


def _models(folder: Path) -> Iterator[Cached]:
    for own in folder.glob(f"{MODEL}-*"):
        files = {} if own.is_symlink() else _payload(own)
        if not files:
            continue
        path = own / "model.safetensors"
        yield Cached(
            kind=MODEL,
            name=own.name,
            identity={"model": own.name.replace("-", ":", 1)},
            words={"model": MODEL},
            created_at=min(stat.st_mtime for stat in files.values()),
            # Whoever reads a model leaves the noting to the system.
            used_at=max(max(stat.st_atime, stat.st_mtime) for stat in files.values()),
            num_bytes=sum(stat.st_size for stat in files.values()),
            share=float(path in files),
            in_use=_in_use(path),
            path=path,
            files=tuple(files),
        )


def _payload(folder: Path) -> Files:
    """List the files of a folder that may not exist, but for locks."""
    found: Files = {}
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        # Whoever builds something renames and removes files meanwhile.
        with suppress(FileNotFoundError):
            if path.suffix != LOCK and path.is_file():
                found[path] = path.stat()
    return found


def _header(path: Path) -> Header | None:
    try:
        return read_header(path)
    except FileNotFoundError:
        return None


def _share(path: Path, header: Header | None) -> float | None:
    """Tell how much of an entry is there; None where an earlier version wrote it."""
    if not path.with_suffix(PARTIAL).exists():
        return 1.0 if header else None
    rows = header.layouts[ROWS].shape[0] if header and ROWS in header.layouts else 0
    return num_noted(path) / max(rows, 1)


def _in_use(path: Path) -> bool:
    """Tell whether a process holds the lock of something."""
    if not path.with_suffix(LOCK).exists():
        return False
    lock = try_to_acquire(path)
    if lock is not None:
        release(lock)
    return lock is None
