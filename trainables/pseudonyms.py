"""Keyed pseudonyms: names of real people never leave the machine in clear.

A list of names that is handed around with a model leaks who was in it (ECAI paper, sec. 6). A
pseudonym is the same in all sweeps of one key, so that a person can be followed, and tells nothing
to who does not have the key, not even whether a guess is right.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import platformdirs

from trainables.errors import UserError

KEY_VARIABLE = "UNREMEMBER_PSEUDONYM_KEY"
_KEY_BYTES = 32
_DIGITS = 12


def key_path() -> Path:
    """Give the key's file: `$UNREMEMBER_PSEUDONYM_KEY`, or among the user's settings."""
    chosen = os.environ.get(KEY_VARIABLE)
    folder = platformdirs.user_config_path("unremember")
    return Path(chosen).expanduser() if chosen else folder / "pseudonym.key"


def own_key() -> bytes:
    """Read the user's key; the first time, make one that only they can read.

    Raises:
        UserError: the file cannot be read or written, is no key, or others may read it.
    """
    path = key_path()
    try:
        _make_once(path)
        mode, key = path.stat().st_mode & 0o777, path.read_bytes()
    except OSError as error:
        raise UserError(f"the pseudonyms' key {path} cannot be used: {error.strerror}.") from error
    if mode & 0o077:
        raise UserError(
            f"the pseudonyms' key {path} may be read by others (mode {mode:o}): `chmod 600` it."
        )
    if len(key) != _KEY_BYTES:
        raise UserError(
            f"the pseudonyms' key {path} has {len(key)} bytes, not {_KEY_BYTES}: put the right "
            "file there, or remove it to start with new pseudonyms."
        )
    return key


def _make_once(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Linked into place when it is whole: of two processes that start at once, both take one key.
    file, unfinished = tempfile.mkstemp(dir=path.parent)  # of mode 0600
    try:
        with os.fdopen(file, "wb") as whole:
            whole.write(secrets.token_bytes(_KEY_BYTES))
        with suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        Path(unfinished).unlink()


def pseudonym(name: str, key: bytes) -> str:
    """Name a person, such as `p-3f9a1c7e2b40`, so that only the key's owner knows whom."""
    return f"p-{hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:_DIGITS]}"


def pseudonyms(key: bytes) -> Callable[[str], str]:
    """Give what turns names into pseudonyms."""
    return lambda name: pseudonym(name, key)


def reveal(names: Iterable[str], key: bytes) -> dict[str, str]:
    """Map the pseudonyms of names to the names, for who has both names and key."""
    return {pseudonym(name, key): name for name in names}
