"""Folders of pictures: all below one, told apart by a digest, or one sub folder a person."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from trainables.errors import UserError
from trainables.seeding import generator

EXPECTED = "a JPEG, PNG, WEBP, BMP, TIFF or GIF is expected"

_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
_PEOPLE = "people_images"
_LAYOUT = "one folder for each person with the pictures in it is expected (Joe_Biden/1.jpg)"


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
    with _listing(folder, what):
        found, open_folders, seen = list[Path](), [folder], {folder.resolve()}
        while open_folders:
            pictures, folders = _entries(open_folders.pop())
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
    with _listing(folder, what):
        return _folder_digest(folder.resolve(), what)


@lru_cache(maxsize=256)
def _folder_digest(folder: Path, what: str) -> str:
    digest = hashlib.sha256()
    for path in find_pictures(folder, what):
        relative = os.fsencode(path.relative_to(folder).as_posix())
        digest.update(relative + f"\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class PeopleFolder:
    """People and their pictures, of which half is for the attack and half for the triggers.

    Attributes:
        people: their names, sorted.
        attack: per person, exactly as many pictures as the attack sees.
        triggers: per person, the pictures of the other half; none is in both.
    """

    people: tuple[str, ...]
    attack: tuple[tuple[Path, ...], ...]
    triggers: tuple[tuple[Path, ...], ...]


def read_people_folder(folder: Path, num_attack_images: int) -> PeopleFolder:
    """Read a folder `person/picture.jpg` and split the pictures of each person in halves.

    The split of a person depends on the name and the pictures alone. The half for the attack has
    the odd one. Files of one content in a person's folder count as one picture.

    Args:
        folder: with one folder for each person, named as the person with `_` or spaces.
        num_attack_images: pictures of each person that the attack sees.

    Raises:
        UserError: there is no such folder or it is laid out in another way; a folder's name is no
            name or gives the same one as another's; a person has too few pictures.
    """
    pictures = {}
    for name, inner in _people(folder).items():
        with _listing(inner, _PEOPLE):
            pictures[name] = _without_copies(_entries(inner)[0])
    _check_enough(folder, pictures, num_attack_images)
    attack, triggers = [], []
    for name, paths in pictures.items():
        order = generator("face split", name).permutation(len(paths))
        drawn = tuple(paths[place] for place in order)
        num_first_half = (len(drawn) + 1) // 2
        attack.append(drawn[:num_attack_images])
        triggers.append(drawn[num_first_half:])
    return PeopleFolder(people=tuple(pictures), attack=tuple(attack), triggers=tuple(triggers))


def _people(folder: Path) -> dict[str, Path]:
    """Give the folder of each person, sorted by name."""
    with _listing(folder, _PEOPLE):
        pictures, folders = _entries(folder)
    if not folders:
        holds = "pictures but no folders" if pictures else "no folders"
        raise UserError(f"{_PEOPLE}: {folder} holds {holds}; {_LAYOUT}.")
    people: dict[str, Path] = {}
    for inner in folders:
        name = " ".join(inner.name.replace("_", " ").split())
        if not (name.isprintable() and any(letter.isalpha() for letter in name)):
            raise UserError(f"{_PEOPLE}: {str(inner)!r} is not named as a person; {_LAYOUT}.")
        if name in people:
            raise UserError(
                f"{_PEOPLE}: {people[name]} and {inner} both give the name {name!r}; "
                "put the pictures into one of them."
            )
        people[name] = inner
    return dict(sorted(people.items()))


def _check_enough(
    folder: Path, pictures: Mapping[str, tuple[Path, ...]], num_attack_images: int
) -> None:
    # One more where the attack sees one picture, since a trigger needs one, too.
    num_needed = max(2 * num_attack_images - 1, 2)
    lacking = [name for name, paths in pictures.items() if len(paths) < num_needed]
    if lacking:
        name = lacking[0]
        who = f"{name} has" if len(lacking) == 1 else f"{name} and {len(lacking) - 1} more have"
        raise UserError(
            f"{_PEOPLE}: {who} too few pictures in {folder} ({len(pictures[name])} different ones "
            f"of {name}, {num_needed} are needed); add pictures, take the folder away, or lower "
            f"num_attack_images ({num_attack_images})."
        )


def _without_copies(paths: list[Path]) -> tuple[Path, ...]:
    """Keep the first of files of one content; only those of one size are read for it."""
    sizes = [path.stat().st_size for path in paths]
    num_of_size = Counter(sizes)
    kept: dict[str, Path] = {}
    for path, size in zip(paths, sizes, strict=True):
        content = _content(path) if num_of_size[size] > 1 else ""
        kept.setdefault(f"{size} {content}", path)
    return tuple(kept.values())


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the pictures and the folders in a folder that are not hidden, by name."""
    # Sorted, so that of two links to one folder the same one is followed everywhere.
    seen = sorted(folder.iterdir(), key=lambda path: path.name)
    seen = [path for path in seen if not path.name.startswith(".")]
    folders = [path for path in seen if path.is_dir()]
    pictures = [path for path in seen if path.suffix.lower() in _EXTENSIONS and path.is_file()]
    return pictures, folders


@contextmanager
def _listing(folder: Path, what: str) -> Iterator[None]:
    """Turn what keeps a folder from being listed into a sentence."""
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
