"""SUN397 and Flowers-102, whose layouts torchvision knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from trainables.data.classes.found import Labelled, readable
from trainables.data.decoding import reason
from trainables.data.digests import file_digest
from trainables.data.folders import folder_digest
from trainables.data.pictures import FilePictures
from trainables.errors import UserError
from trainables.profile.schema import ClassSource

_SUN = "SUN397"
_SUN_NAMES = "ClassName.txt"
_SUN_LAYOUT = f"the folder {_SUN} of its archive is expected there, with {_SUN_NAMES} in it"
_FLOWERS = "flowers-102"
_FLOWERS_LABELS = ("imagelabels.mat", "setid.mat")
_FLOWERS_LAYOUT = (
    f"a folder {_FLOWERS} is expected there, with the published imagelabels.mat, setid.mat and jpg"
)


def read_sun397(source: ClassSource, what: str) -> Labelled:
    """Read SUN397: all of its pictures, as torchvision does.

    Raises:
        UserError: the folder is not laid out as the published one.
    """
    from torchvision.datasets import SUN397  # type: ignore[import-untyped]

    with _by_torchvision(source, what, _SUN_LAYOUT):
        found = SUN397(source.path, loader=Path)
        # As the file system lists them.
        pairs = sorted(found[row] for row in range(len(found)))
    return _labelled(source, what, found.classes, pairs)


def sun397_parts(source: ClassSource, what: str) -> tuple[str, ...]:
    """Give what tells the set from others, for a digest."""
    folder = Path(source.path) / _SUN
    return folder_digest(folder, what), file_digest(folder / _SUN_NAMES, what)


def read_flowers102(source: ClassSource, what: str) -> Labelled:
    """Read the test pictures of Flowers-102; torchvision compares the labels' MD5 sums.

    Raises:
        UserError: the folder is not laid out as torchvision does it, or not whole.
    """
    from torchvision.datasets import Flowers102

    with _by_torchvision(source, what, _FLOWERS_LAYOUT):
        found = Flowers102(source.path, split="test", loader=Path)
        pairs = [found[row] for row in range(len(found))]
    missing = [path for path, _ in pairs if not path.is_file()]
    if missing:
        raise UserError(
            f"{what}: {len(missing)} of the pictures are missing, such as {missing[0]}; "
            f"{_FLOWERS_LAYOUT}."
        )
    return _labelled(source, what, found.classes, pairs)


def flowers102_parts(source: ClassSource, what: str) -> tuple[str, ...]:
    """Give what tells the set from others, for a digest."""
    folder = Path(source.path) / _FLOWERS
    pictures = folder_digest(folder / "jpg", what)
    return pictures, *(file_digest(folder / name, what) for name in _FLOWERS_LABELS)


def _labelled(
    source: ClassSource, what: str, class_names: list[str], pairs: list[tuple[Path, int]]
) -> Labelled:
    if not pairs:
        raise UserError(f"{what}: {source.path} holds no picture of the set; unpack it anew.")
    return Labelled(
        class_names=tuple(readable(name) for name in class_names),
        pictures=FilePictures(tuple(path for path, _ in pairs)),
        labels=np.array([label for _, label in pairs], dtype=np.int64),
    )


@contextmanager
def _by_torchvision(source: ClassSource, what: str, layout: str) -> Iterator[None]:
    """Turn what is wrong with a folder, of which torchvision says little, into a sentence."""
    try:
        yield
    except KeyError as error:
        raise UserError(
            f"{what}: {error} is missing in its files of names and labels in {source.path}; "
            f"{layout}."
        ) from error
    # What torchvision and scipy raise for files of other kinds is of many classes.
    except Exception as error:
        raise UserError(
            f"{what}: {source.path} cannot be read ({reason(error)}); {layout}."
        ) from error
