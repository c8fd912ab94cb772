"""Telling without opening it that a SQLite store is as it was."""

import hashlib
import json
import time
from pathlib import Path

_HEADER = 100
"""Bytes in which SQLite counts changes, and in which its log says which one it is."""
_SETTLED_S = 2.0
"""Some file systems tell times no finer; what is younger may change within the same time."""


def stamp_of(database: Path | None) -> str | None:
    """Digest what any change of a SQLite store changes.

    Returns:
        None where nothing can be told: no file, or one that was written to just now.
    """
    if database is None:
        return None
    said = []
    for path in (database, database.with_name(f"{database.name}-wal")):
        try:
            state = path.stat()
            with path.open("rb") as file:
                header = file.read(_HEADER)
        except FileNotFoundError:
            continue
        if abs(time.time() - state.st_mtime) < _SETTLED_S:
            return None
        if header:  # An empty log is as good as none.
            said.append([path.name, state.st_ino, state.st_size, state.st_mtime_ns, header.hex()])
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
