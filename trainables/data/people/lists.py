"""People as a list of pictures and whom they show, as CelebA's."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from trainables.data.folders import EXTENSIONS, listing
from trainables.data.people.person import WHAT, Person, different, is_name, spaced
from trainables.data.people.tables import read_rows
from trainables.errors import UserError
from trainables.profile.schema import PeopleSource
from trainables.yamls import read_text

_EXTENSION = rf"\.(?:{'|'.join(sorted(extension[1:] for extension in EXTENSIONS))})"
_ENTRY = re.compile(rf'"?([^"]*?{_EXTENSION})"?[\s,]+"?([^",]+?)"?', re.IGNORECASE)
_PICTURE = re.compile(rf"{_EXTENSION}\b", re.IGNORECASE)
# The number of rows and the columns' names.
_MAX_HEADER_LINES = 2
_EXPECTED = "a picture and a person are expected (000001.jpg 2880, or a.jpg,Joe_Biden)"


def read_list(source: PeopleSource) -> dict[str, Person]:
    """Read a list of pictures and people.

    Args:
        source: with lines `picture person` or `picture,person` in its list, where a person is a
            name, or a number or other mark that its file of names explains.

    Returns:
        The people by name.

    Raises:
        UserError: a file cannot be read, a line is something else, a picture lies outside the
            folder, does not exist, or is listed for two people, or a person has no name.
    """
    listed = listed_pictures(source)
    _check_exist(source, listed)
    names = _explained(source, listed) if source.names_file else _spelt(source, listed)
    pictures: dict[str, list[Path]] = {}
    for picture in sorted(listed, key=lambda path: path.parts):
        pictures.setdefault(names[listed[picture]], []).append(picture)
    with listing(Path(source.path), WHAT):
        return {name: Person(pictures=different(paths)) for name, paths in pictures.items()}


def listed_pictures(source: PeopleSource) -> dict[Path, str]:
    """Give whom each picture of a list shows, as the list writes it.

    Raises:
        UserError: as `read_list`, but for pictures that do not exist and names.
    """
    root, found = Path(source.path), dict[Path, str]()
    for line, picture, person in _entries(Path(source.list_file)):
        if Path(picture).is_absolute() or ".." in Path(picture).parts:
            raise UserError(
                f"{WHAT}: {source.list_file}, line {line}: the picture {picture!r} lies outside "
                f"{root}; name pictures in it by their path below it."
            )
        if found.setdefault(root / picture, person) != person:
            raise UserError(
                f"{WHAT}: {source.list_file}, line {line}: the picture {picture!r} shows "
                f"{found[root / picture]!r} above and {person!r} here; list it once."
            )
    if not found:
        raise UserError(f"{WHAT}: {source.list_file} lists no picture; {_EXPECTED}, one a line.")
    return found


def _entries(path: Path) -> Iterator[tuple[int, str, str]]:
    """Read (line, picture, person); passes over blank lines and a header."""
    num_header_lines = 0
    lines = read_text(path).removeprefix("\ufeff").split("\n")
    for line, text in enumerate(lines, start=1):
        entry = _ENTRY.fullmatch(text.strip())
        if entry:
            num_header_lines = _MAX_HEADER_LINES
            yield line, entry[1].strip(), entry[2].strip()
        elif text.strip():
            num_header_lines += 1
            if num_header_lines > _MAX_HEADER_LINES or _PICTURE.search(text):
                raise UserError(f"{WHAT}: {path}, line {line}: {text.strip()[:60]!r}; {_EXPECTED}.")


def _check_exist(source: PeopleSource, pictures: Mapping[Path, str]) -> None:
    with listing(Path(source.path), WHAT):
        missing = [path for path in pictures if not path.is_file()]
    if missing:
        how_many = "1 picture" if len(missing) == 1 else f"{len(missing)} pictures"
        raise UserError(
            f"{WHAT}: {how_many} of {source.list_file} cannot be found, the first at "
            f"{str(missing[0])!r}; set `path` to the folder that the list starts from, or take the "
            "lines out."
        )


def _spelt(source: PeopleSource, listed: Mapping[Path, str]) -> dict[str, str]:
    """Give the names of people whom the list calls by name."""
    names = {person: spaced(person) for person in listed.values()}
    for person, name in names.items():
        if person.isdecimal():
            raise UserError(
                f"{WHAT}: {source.list_file} has numbers for people, such as {person}; give "
                "`names_file`, a CSV file `id,name` of what they are called."
            )
        if not is_name(name):
            raise UserError(f"{WHAT}: {source.list_file} has {person[:60]!r}; {_EXPECTED}.")
    return names


def _explained(source: PeopleSource, listed: Mapping[Path, str]) -> dict[str, str]:
    """Give the names of people whom a file of names explains."""
    known = _names_by_mark(Path(source.names_file))
    marks = list(dict.fromkeys(listed.values()))
    lacking = [mark for mark in marks if mark not in known]
    if lacking:
        raise UserError(
            f"{WHAT}: {source.names_file} has no name for {len(lacking)} of the {len(marks)} "
            f"people of {source.list_file}, the first is {lacking[0]!r}; add them, or take their "
            "pictures out of the list."
        )
    by_name: dict[str, str] = {}
    for mark in marks:
        other = by_name.setdefault(known[mark], mark)
        if other != mark:
            raise UserError(
                f"{WHAT}: {source.names_file} gives both {other!r} and {mark!r} the name "
                f"{known[mark]!r}; give one of them another, or join their pictures in the list."
            )
    return {mark: known[mark] for mark in marks}


def _names_by_mark(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, row in enumerate(read_rows(path)):
        mark, name = row.cell(0), spaced(row.cell(1))
        if place == 0 and name.casefold() == "name":
            continue
        if not mark or not is_name(name):
            raise UserError(
                f"{WHAT}: {path}, line {row.line}: {','.join(row.cells)[:60]!r}; a line `id,name` "
                "is expected (2880,Ada Byron)."
            )
        if found.setdefault(mark, name) != name:
            raise UserError(
                f"{WHAT}: {path}, line {row.line}: {mark!r} is called {found[mark]!r} above and "
                f"{name!r} here; keep one of them."
            )
    return found
