"""Generic captions from a text file, one a line."""

from pathlib import Path

from trainables.errors import UserError


def read_captions(path: Path) -> tuple[str, ...]:
    """Read the captions of a UTF-8 text file, one a line; blank lines are passed over.

    Raises:
        UserError: the file cannot be read, is not text, or holds no caption.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the captions in {path}: {error.strerror}.") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not a text file in UTF-8 (byte {error.start} is no part of a character): "
            "captions are expected there, one a line."
        ) from error
    if "\0" in text:
        raise UserError(
            f"{path} is a binary file (it holds NUL bytes): "
            "captions are expected there, one a line."
        )
    captions = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not captions:
        raise UserError(f"{path} holds no caption: at least one line of text is needed.")
    return captions
