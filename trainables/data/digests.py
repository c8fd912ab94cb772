"""What the content of files is, in a few digits."""

import hashlib
from functools import lru_cache
from pathlib import Path

from trainables.errors import UserError


def file_digest(path: Path, what: str) -> str:
    """Hash a file's content; done once for as long as its size and time stay.

    Args:
        path: the file.
        what: the setting that names it, for messages.

    Returns:
        16 hexadecimal digits.

    Raises:
        UserError: it cannot be read.
    """
    try:
        stat = path.stat()
        return _digest(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise UserError(
            f"{what}: cannot read {path} ({error.strerror}); name a file that exists."
        ) from error


@lru_cache(maxsize=1024)
def _digest(path: Path, _size: int, _mtime_ns: int) -> str:
    return content_digest(path)[:16]


def content_digest(path: Path) -> str:
    """Hash a file's content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
