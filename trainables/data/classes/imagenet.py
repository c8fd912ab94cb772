"""ImageNet's validation set and ImageNet-V2, with the class names of open_clip."""

import re
from pathlib import Path

from trainables.data.classes.folders import class_folders, labelled
from trainables.data.classes.found import Labelled
from trainables.data.folders import folder_digest, listing
from trainables.errors import UserError
from trainables.profile.schema import ClassSource

_NUM_CLASSES = 1000
_V2 = "imagenetv2-matched-frequency-format-val"
_V2_LAYOUT = "folders named 0 to 999 are expected, as they are in its archive (matched-frequency)"
_VAL = "val"
_VAL_LAYOUT = (
    "1,000 folders named as in WordNet are expected (n01440764/ILSVRC2012_val_00000293.JPEG), into "
    "which torchvision.datasets.ImageNet(root, 'val') sorts the published archives"
)


def read_imagenet_v2(source: ClassSource, what: str) -> Labelled:
    """Read ImageNet-V2; the names of its folders are the numbers of the classes.

    Raises:
        UserError: the folder is laid out in another way than that of its authors.
    """
    root = _root(source, what, _V2)
    folders = class_folders(root, what, _V2_LAYOUT)
    expected = [str(number) for number in range(_NUM_CLASSES)]
    odd = sorted(folders.keys() - set(expected))
    if odd:
        raise UserError(f"{what}: the folder {root / odd[0]} is of no class; {_V2_LAYOUT}.")
    missing = [name for name in expected if name not in folders]
    if missing:
        raise UserError(
            f"{what}: {len(missing)} of the folders of {root} are missing (such as {missing[0]}); "
            f"{_V2_LAYOUT}."
        )
    return labelled(_class_names(), folders)


def imagenet_v2_parts(source: ClassSource, what: str) -> tuple[str, ...]:
    """Give what tells the pictures from others, for a digest."""
    return (folder_digest(_root(source, what, _V2), what),)


def read_imagenet(source: ClassSource, what: str) -> Labelled:
    """Read ImageNet's validation set; the folders of its classes are sorted by WordNet's numbers.

    Raises:
        UserError: the folder is laid out in another way.
    """
    root = _root(source, what, _VAL)
    folders = class_folders(root, what, _VAL_LAYOUT)
    odd = [name for name in folders if not re.fullmatch("n[0-9]{8}", name)]
    if odd:
        raise UserError(f"{what}: the folder {root / odd[0]} is of no class; {_VAL_LAYOUT}.")
    if len(folders) != _NUM_CLASSES:
        raise UserError(f"{what}: {root} holds {len(folders):,} folders; {_VAL_LAYOUT}.")
    return labelled(_class_names(), folders)


def imagenet_parts(source: ClassSource, what: str) -> tuple[str, ...]:
    """Give what tells the pictures from others, for a digest."""
    return (folder_digest(_root(source, what, _VAL), what),)


def _root(source: ClassSource, what: str, inner: str) -> Path:
    """Give the folder of the classes' folders, which is the one named or one in it."""
    path = Path(source.path)
    with listing(path, what):
        return path / inner if (path / inner).is_dir() else path


def _class_names() -> tuple[str, ...]:
    # Here, since it loads torch, which who only plans does not need.
    from open_clip import IMAGENET_CLASSNAMES

    return tuple(IMAGENET_CLASSNAMES)
