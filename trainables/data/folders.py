"""Folders of pictures: what lies in one or below it, told apart by a digest."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from trainables.errors import UserError

EXPECTED = "a JPEG, PNG, WEBP, BMP, TIFF or GIF is expected"

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
"""Of the pictures that are read, in small letters."""


def find_pictures(folder: Path, what: str) -> tuple[Path, ...]:
    """Find all pictures below a folder, by their extension.

    Hidden files and folders are passed over. Links are followed, but no folder is entered twice.

    Args:
        folder: where to look.
        what: the setting that names the folder, for messages.

    Returns:
        Their paths, sorted by the code points of their path relative to the folder.

    Raises:
        UserError: there is no such folder, it cannot be listed, or holds no picture.
    """
    with listing(folder, what):
        found, open_folders, seen = list[Path](), [folder], {folder.resolve()}
        while open_folders:
            pictures, folders = list_folder(open_folders.pop())
            found += pictures
            for inner in folders:
                if inner.resolve() not in seen:
                    seen.add(inner.resolve())
                    open_folders.append(inner)
    if not found:
        raise UserError(f"{what}: the folder {folder} holds no picture; {EXPECTED}.")
    return tuple(sorted(found, key=lambda path: path.relative_to(folder).parts))


def folder_digest(folder: Path, what: str) -> str:
    """Tell a folder of pictures from others.

    It covers the relative paths and the sizes in bytes of the pictures, not their content, since
    data sets hold hundreds of thousands of them: a picture replaced by one of the same name and
    size is not noticed. Computed once in the life of a process.

    Args:
        folder: where the pictures are; it may be moved.
        what: the setting that names the folder, for messages.

    Returns:
        16 hex digits.

    Raises:
        UserError: as `find_pictures`.
    """
    with listing(folder, what):
        return _folder_digest(folder.resolve(), what)


@lru_cache(maxsize=256)
def _folder_digest(folder: Path, what: str) -> str:
    return pictures_digest(folder, find_pictures(folder, what))


def pictures_digest(folder: Path, paths: Iterable[Path]) -> str:
    """Tell pictures in a folder from others, by their relative paths and sizes: 16 hex digits."""
    digest = hashlib.sha256()
    for path in paths:
        relative = os.fsencode(path.relative_to(folder).as_posix())
        digest.update(relative + f"\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


def list_folder(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the pictures and the folders in a folder that are not hidden, by name.

    Raises:
        OSError: it cannot be listed.
    """
    # Sorted, so that of two links to one folder the same one is followed everywhere.
    seen = sorted(folder.iterdir(), key=lambda path: path.name)
    seen = [path for path in seen if not path.name.startswith(".")]
    folders = [path for path in seen if path.is_dir()]
    pictures = [path for path in seen if path.suffix.lower() in EXTENSIONS and path.is_file()]
    return pictures, folders


@contextmanager
def listing(folder: Path, what: str) -> Iterator[None]:
    """Turn what keeps a folder, or what is in it, from being listed into a sentence.

    Args:
        folder: that is listed inside of the `with`.
        what: the setting that names it.

    Raises:
        UserError: there is no such folder, or it cannot be read.
    """
    try:
        if not folder.is_dir():
            wrong = "is not a folder" if folder.exists() else "does not exist"
            raise UserError(f"{what}: {folder} {wrong}; name a folder of pictures.")
        yield
    except OSError as error:
        raise UserError(
            f"{what}: cannot read {error.filename or folder} ({error.strerror}); "
            "name a folder that can be read with all in it."
        ) from error
