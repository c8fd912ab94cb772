"""A person's pictures as a reader of a data set finds them."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables.data.digests import content_digest

WHAT = "people"
"""What messages call the part of a profile that names the people."""


@dataclass(frozen=True)
class Person:
    """Somebody's pictures; files of one content are one picture.

    Attributes:
        pictures: different ones, in an order that the content of the folders decides.
        faces: for each picture, its crops; None where all pictures are taken as they are.
    """

    pictures: tuple[Path, ...]
    faces: tuple[tuple[Path, ...], ...] | None = None


def spaced(name: str) -> str:
    """Write a name with one space between its words instead of `_` and other spaces."""
    return " ".join(name.replace("_", " ").split())


def is_name(name: str) -> bool:
    """Tell what may be put into a caption as a name: it has a letter, and all of it prints."""
    return name.isprintable() and any(letter.isalpha() for letter in name)


def different(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Keep the first of files of one content."""
    return tuple(paths[place] for place in sorted(set(joined(contents(paths)))))


def contents(paths: Sequence[Path]) -> list[str]:
    """Give the same text for files of one content; only those of one size are read for it.

    Raises:
        OSError: a file cannot be read.
    """
    sizes = [path.stat().st_size for path in paths]
    num_of_size = Counter(sizes)
    return [
        f"{size} {content_digest(path)}" if num_of_size[size] > 1 else str(size)
        for path, size in zip(paths, sizes, strict=True)
    ]


def joined(*keys: Sequence[Hashable]) -> list[int]:
    """Join things that have a key in common, directly or through others.

    Args:
        keys: of each thing, one sequence for each kind of key.

    Returns:
        For each thing, the place of the first that it belongs with.
    """
    labels = list(range(len(keys[0])))
    while True:
        before = labels
        for of_kind in keys:
            least: dict[Hashable, int] = {}
            for key, label in zip(of_kind, labels, strict=True):
                least[key] = min(label, least.get(key, label))
            labels = [least[key] for key in of_kind]
        if labels == before:
            return labels
