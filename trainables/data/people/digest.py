"""Telling one source of people from others."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from trainables.data.digests import content_digest
from trainables.data.folders import folder_digest, listing, pictures_digest
from trainables.data.people.facescrub import FACES, IMAGES, group_folders
from trainables.data.people.lists import listed_pictures
from trainables.data.people.person import WHAT
from trainables.data.people.tables import Stamp, stamp
from trainables.profile.schema import PeopleSource

_PATHS: Mapping[str, set[str] | bool] = {
    "path": True,
    "list_file": True,
    "names_file": True,
    "occurrences": {"path"},
}


def people_digest(source: PeopleSource) -> str:
    """Tell people and their pictures from others.

    It covers the relative paths and the sizes of the pictures, the content of lists and tables, and
    the options, but not where all that lies. Computed once in the life of a process for as long
    as lists and tables stay as they are; pictures are taken to stay.

    Returns:
        16 hex digits.

    Raises:
        UserError: something that the source names cannot be read.
    """
    return _digest(source, tuple(stamp(path) for path in _files(source)))


@lru_cache(maxsize=64)
def _digest(source: PeopleSource, _stamps: tuple[Stamp, ...]) -> str:
    parts = {
        "options": source.model_dump(mode="json", exclude=_PATHS),
        "pictures": dict(_pictures(source)),
        "files": [content_digest(path) for path in _files(source)],
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _files(source: PeopleSource) -> list[Path]:
    table = source.occurrences.path if source.occurrences else ""
    return [Path(path) for path in (source.list_file, source.names_file, table) if path]


def _pictures(source: PeopleSource) -> Mapping[str, str]:
    """Give the digest of each folder of pictures."""
    root = Path(source.path)
    if source.layout == "folders":
        return {"": folder_digest(root, WHAT)}
    if source.layout == "facescrub":
        return {
            f"{group.name}/{part}": folder_digest(group / part, WHAT)
            for group in group_folders(root)
            for part in (IMAGES, FACES)
        }
    with listing(root, WHAT):
        return {"": pictures_digest(root, listed_pictures(source))}
