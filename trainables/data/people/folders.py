"""People as folders: one for each person, with the pictures in it."""

from collections.abc import Sequence
from pathlib import Path

from trainables.data.folders import list_folder, listing
from trainables.data.people.person import WHAT, Person, different, is_name, spaced
from trainables.errors import UserError
from trainables.people import words_of

_LAYOUT = "one folder for each person with the pictures in it is expected (Joe_Biden/1.jpg)"


def read_folders(root: Path) -> dict[str, Person]:
    """Read a folder `person/picture.jpg`.

    Args:
        root: with one folder for each person, named as the person with `_` or spaces.

    Returns:
        The people by name.

    Raises:
        UserError: there is no such folder or it is laid out in another way; a folder's name is no
            name or gives the same one as another's.
    """
    return {
        name: Person(pictures=different_in(folder))
        for name, folder in people_folders([root]).items()
    }


def different_in(folder: Path) -> tuple[Path, ...]:
    """List the pictures in a folder, files of one content once.

    Raises:
        UserError: something in it cannot be read.
    """
    with listing(folder, WHAT):
        return different(list_folder(folder)[0])


def people_folders(
    roots: Sequence[Path], mended: dict[tuple[str, ...], str] | None = None
) -> dict[str, Path]:
    """Give the folder of each person.

    Args:
        roots: each with folders named as people.
        mended: names to write in another way, by their words.

    Raises:
        UserError: as `read_folders`.
    """
    people: dict[str, Path] = {}
    for folder in (inner for root in roots for inner in _folders_in(root)):
        name = spaced(folder.name)
        if not is_name(name):
            raise UserError(f"{WHAT}: {str(folder)!r} is not named as a person; {_LAYOUT}.")
        name = (mended or {}).get(tuple(words_of(name)), name)
        if name in people:
            raise UserError(
                f"{WHAT}: {people[name]} and {folder} both give the name {name!r}; "
                "put the pictures into one of them."
            )
        people[name] = folder
    return people


def _folders_in(root: Path) -> list[Path]:
    with listing(root, WHAT):
        pictures, folders = list_folder(root)
    if not folders:
        holds = "pictures but no folders" if pictures else "no folders"
        raise UserError(f"{WHAT}: {root} holds {holds}; {_LAYOUT}.")
    return folders
