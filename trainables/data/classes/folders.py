"""Classification tasks of one folder for each class."""

import re
from pathlib import Path

import numpy as np

from trainables.data.classes.found import Labelled, readable
from trainables.data.digests import file_digest
from trainables.data.folders import find_pictures, folder_digest, list_folder, listing
from trainables.data.pictures import FilePictures
from trainables.errors import UserError
from trainables.profile.schema import ClassSource
from trainables.yamls import read_text

_LAYOUT = "one folder for each class with its pictures in it is expected (cat/1.jpg)"


def read_folders(source: ClassSource, what: str) -> Labelled:
    """Read class folders.

    Raises:
        UserError: the folder is laid out in another way, or the file of class names is not one.
    """
    folders = class_folders(Path(source.path), what, _LAYOUT)
    if source.classes:
        return labelled(_listed(source, what, len(folders)), folders)
    named: dict[str, str] = {}
    for folder in folders:
        other = named.setdefault(readable(folder), folder)
        if other != folder:
            raise UserError(
                f"{what}: the folders {other} and {folder} in {source.path} both give the class "
                f"{readable(folder)!r}; tell them apart by a file of `classes`."
            )
    return labelled(tuple(named), folders)


def folders_parts(source: ClassSource, what: str) -> tuple[str, ...]:
    """Give what tells class folders from others, for a digest."""
    names = [file_digest(Path(source.classes), what)] if source.classes else []
    return folder_digest(Path(source.path), what), *names


def class_folders(root: Path, what: str, layout: str) -> dict[str, tuple[Path, ...]]:
    """Give the pictures below each folder of a folder.

    Args:
        root: holds the folders of the classes.
        what: the set, for messages.
        layout: what is expected, the end of a sentence.

    Returns:
        Of each folder's name, sorted pictures; the names are sorted as numbers where all are, and
        by their letters else.

    Raises:
        UserError: it cannot be listed, holds no picture, pictures beside the folders, or a folder
            without any.
    """
    found: dict[str, list[Path]] = {}
    for path in find_pictures(root, what):
        folder, *inner = path.relative_to(root).parts
        if not inner:
            raise UserError(f"{what}: the picture {path} is in no class's folder; {layout}.")
        found.setdefault(folder, []).append(path)
    with listing(root, what):
        empty = [folder for folder in list_folder(root)[1] if folder.name not in found]
    if empty:
        raise UserError(f"{what}: the folder {empty[0]} of a class holds no picture; {layout}.")
    numbers = all(re.fullmatch("[0-9]{1,18}", folder) for folder in found)
    names = sorted(found, key=int) if numbers else sorted(found)
    return {name: tuple(found[name]) for name in names}


def labelled(class_names: tuple[str, ...], folders: dict[str, tuple[Path, ...]]) -> Labelled:
    """Label the pictures of folders, which are in the order of the classes."""
    counts = [len(paths) for paths in folders.values()]
    return Labelled(
        class_names=class_names,
        pictures=FilePictures(tuple(path for paths in folders.values() for path in paths)),
        labels=np.repeat(np.arange(len(counts)), counts),
    )


def _listed(source: ClassSource, what: str, num_folders: int) -> tuple[str, ...]:
    try:
        text = read_text(Path(source.classes)).removeprefix("\ufeff")
    except UserError as error:
        raise UserError(f"{what}: {error}") from error
    names = tuple(line.strip() for line in text.split("\n") if line.strip())
    if len(names) != num_folders:
        raise UserError(
            f"{what}: {source.classes} names {len(names)} classes, and {source.path} holds "
            f"{num_folders} folders; name one class a line, in the order of the sorted folders."
        )
    return names
