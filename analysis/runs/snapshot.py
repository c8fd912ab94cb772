"""What was read of a store, kept on the disk: the frame of its runs, and what shows changes."""

import hashlib
import io
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from analysis.runs.columns import frame_schema
from trainables.paths import cache_dir

FOLDER = "runs"
SUFFIX = ".runs"
UNFINISHED = ".unfinished"
# Raised whenever the same runs would make another frame of the same columns.
_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All trials' runs of a store as they were at one time.

    Attributes:
        address: of the store, without password.
        stamp: of the store's files, see `analysis.runs.stamp`; None where they are no witness.
        experiment: which one, and when it was made.
        marks: the experiment's tags, by which the writer says up to where it has come.
        sweeps: what their own runs said, digested; None of one that was in progress.
        deleted: the trials' runs that were deleted.
        frame: the others.
    """

    address: str
    stamp: str | None
    experiment: str
    marks: dict[str, str]
    sweeps: dict[str, str | None]
    deleted: frozenset[str]
    frame: pl.DataFrame


_STATE = [field.name for field in fields(Snapshot) if field.name != "frame"]


def snapshot_path(address: str) -> Path:
    """Give the place where the runs of a store are kept."""
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    return cache_dir() / FOLDER / f"{digest}{SUFFIX}"


def read_snapshot(path: Path) -> Snapshot | None:
    """Read what is kept; None if that is nothing, damaged, or of another version."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, _, rest = content.partition(b"\n")
    head, _, body = rest.partition(b"\n")
    if digest != _digest(rest):
        return None
    state = json.loads(head)
    if state.pop("format") != _format():
        return None
    with suppress(OSError):  # Another user's cache can be read all the same.
        os.utime(path)
    state["deleted"] = frozenset(state["deleted"])
    return Snapshot(frame=pl.read_parquet(io.BytesIO(body)), **state)


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Keep a snapshot whole or not at all; where that cannot be, the next reader does without."""
    state: dict[str, Any] = {name: getattr(snapshot, name) for name in _STATE}
    state |= {"format": _format(), "deleted": sorted(snapshot.deleted)}
    table = io.BytesIO()
    snapshot.frame.write_parquet(table)
    rest = json.dumps(state).encode() + b"\n" + table.getvalue()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Each writer has a file of its own, which nobody else may read.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=UNFINISHED)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(rest) + b"\n" + rest)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)


def address_of(path: Path) -> str:
    """Tell of which store a kept file is; empty where it does not say."""
    try:
        with path.open("rb") as file:
            _, head = file.readline(), file.readline()
        return str(json.loads(head)["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _format() -> str:
    """Name what a snapshot is made of, so that no other version's is taken for one."""
    columns = [[name, str(dtype)] for name, dtype in frame_schema().items()]
    return hashlib.sha256(json.dumps([_VERSION, _STATE, columns]).encode()).hexdigest()[:16]
