"""Files that are whole or not there at all."""

import os
from pathlib import Path

from trainables.errors import UserError


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file, in the place of one that is there; on an error that one stays as it is.

    The folder is made if there is none.

    Raises:
        UserError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}.") from error
