"""The bytes of a file of text: unpacked, bounded, and known to be text."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from trainables.errors import UserError

_MAX_BYTES = 1 << 30
MAX_LINE = 1 << 20
"""More bytes than a caption has."""
_GZIP = b"\x1f\x8b"


def read_content(path: Path, what: str, at_most: int = _MAX_BYTES, lines: bool = True) -> bytes:
    """Read a text file in UTF-8 whole; a gzip-compressed one is unpacked.

    Args:
        path: of the file.
        what: the setting that names it, for messages.
        at_most: the bytes that it may have when unpacked.
        lines: whether lines have to be of the length that lines have.

    Raises:
        UserError: it cannot be read, is not text, or is larger.
    """
    return b"".join(_blocks(path, what, at_most, lines))


def checked_content(path: Path, what: str) -> Path | bytes:
    """Give a file that is known to be lines of text: its path, or what a compressed one holds.

    Raises:
        UserError: it cannot be read, is not text, or unpacks to more than a GiB.
    """
    if is_compressed(path, what):
        return read_content(path, what)
    for _ in _blocks(path, what, None, lines=True):
        pass
    return path


def is_compressed(path: Path, what: str) -> bool:
    """Tell a gzip-compressed file by how it begins.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_GZIP)) == _GZIP
    except OSError as error:
        raise _unreadable(path, what, error) from error


def _blocks(path: Path, what: str, at_most: int | None, lines: bool) -> Iterator[bytes]:
    """Pass on the blocks of a file once they are known to be part of a text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    num_bytes = 0
    for block in _raw_blocks(path, what):
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            place = num_bytes - len(decoder.getstate()[0]) + error.start
            raise UserError(
                f"{what}: {path} is not a text file in UTF-8 (byte {place} is no part of a "
                "character); save the captions as UTF-8, or give the file the ending of its form."
            ) from error
        if b"\0" in block:
            raise UserError(
                f"{what}: {path} is a binary file (it holds NUL bytes); captions are expected in "
                "it as text in UTF-8."
            )
        if lines and len(block) == MAX_LINE and b"\n" not in block:
            raise UserError(
                f"{what}: {path} has a line of more than {MAX_LINE} bytes; captions are shorter."
            )
        num_bytes += len(block)
        if at_most is not None and num_bytes > at_most:
            raise UserError(
                f"{what}: {path} is larger than {at_most >> 20} MiB when it is unpacked, which is "
                "more than captions take; unpack it, or give a smaller file."
            )
        yield block


def _raw_blocks(path: Path, what: str) -> Iterator[bytes]:
    """Read a file in blocks, the last of which is empty."""
    opened = gzip.open if is_compressed(path, what) else Path.open
    try:
        with opened(path, "rb") as file:
            block = b"start"
            while block:
                block = file.read(MAX_LINE)
                yield block
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, what, error) from error


def _unreadable(path: Path, what: str, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{what}: cannot read {path} ({reason}); name a file that is whole.")
