"""Classification tasks by name, as a profile names them."""

import hashlib
import json
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.data.classes.cifar import CIFAR10, CIFAR100
from trainables.data.classes.folders import folders_parts, read_folders
from trainables.data.classes.found import Labelled
from trainables.data.classes.imagenet import (
    imagenet_parts,
    imagenet_v2_parts,
    read_imagenet,
    read_imagenet_v2,
)
from trainables.data.classes.torchvision_sets import (
    flowers102_parts,
    read_flowers102,
    read_sun397,
    sun397_parts,
)
from trainables.data.pictures import ChosenPictures, Pictures, even_rows
from trainables.errors import UserError
from trainables.profile.schema import ClassSource


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassificationSet:
    """A classification task without training, whose pictures are decoded when asked for.

    Attributes:
        name: of the set.
        class_names: what is put into the templates.
        templates: with `{}` in the place of the class name.
        pictures: as many as the source asks for, evenly from all.
        labels: (num_pictures,) index of the class.
    """

    name: str
    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    pictures: Pictures
    labels: NDArray[np.int64]


_Read = Callable[[ClassSource, str], Labelled]
_Parts = Callable[[ClassSource, str], tuple[str, ...]]

_FOLDERS: tuple[_Read, _Parts] = (read_folders, folders_parts)
_READERS: Mapping[str, tuple[_Read, _Parts]] = {
    "imagenet-v2": (read_imagenet_v2, imagenet_v2_parts),
    "imagenet": (read_imagenet, imagenet_parts),
    "cifar10": (CIFAR10.read, CIFAR10.parts),
    "cifar100": (CIFAR100.read, CIFAR100.parts),
    "sun397": (read_sun397, sun397_parts),
    "flowers102": (read_flowers102, flowers102_parts),
}


def read_classes(name: str, source: ClassSource) -> ClassificationSet:
    """Read a classification task.

    Args:
        name: one of `trainables.profile.schema.KNOWN_SETS`, or any other of class folders.
        source: where it is, and how much of it is asked for.

    Raises:
        UserError: it is not laid out as its authors publish it, or a template or a class name
            cannot be used.
    """
    _check(name, source)
    found = _READERS.get(name, _FOLDERS)[0](source, name)
    wrong = [one for one in found.class_names if not (one.isprintable() and one.strip())]
    if wrong:
        raise UserError(f"{name}: {wrong[0][:60]!r} in {source.path} is not the name of a class.")
    rows = even_rows(len(found.labels), source.max_images)
    return ClassificationSet(
        name=name,
        class_names=found.class_names,
        templates=_templates() if source.templates is None else source.templates,
        pictures=ChosenPictures(found.pictures, rows),
        labels=found.labels[rows],
    )


def classes_digest(name: str, source: ClassSource) -> str:
    """Tell a classification task from others.

    It covers the relative paths and the sizes of the pictures, the content of files of
    names and labels, the templates that are given and the number of pictures, but not where all
    that lies, nor what open_clip has.

    Args:
        name: as `read_classes` takes it.
        source: likewise.

    Returns:
        16 hex digits.

    Raises:
        UserError: something that the source names cannot be read.
    """
    _check(name, source)
    parts = _READERS.get(name, _FOLDERS)[1](source, name)
    text = json.dumps([name, parts, source.templates, source.max_images])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check(name: str, source: ClassSource) -> None:
    if source.classes and name in _READERS:
        raise UserError(
            f"{name}: it has its own class names; leave `classes` ({source.classes}) out."
        )
    if source.templates == ():
        raise UserError(f"{name}: no template is given; leave `templates` out for open_clip's.")
    for template in source.templates or ():
        if not _is_template(template):
            raise UserError(
                f"{name}: {template[:120]!r} is no template; exactly one {{}} is expected in "
                "it for the class name, as in 'a photo of a {}'."
            )


def _is_template(template: str) -> bool:
    try:
        fields = [field[1:] for field in string.Formatter().parse(template) if field[1] is not None]
    except ValueError:
        return False
    return fields == [("", "", None)]


def _templates() -> tuple[str, ...]:
    """Give the 80 templates that ImageNet is classified with."""
    # Here, since it loads torch, which who only plans does not need.
    from open_clip import OPENAI_IMAGENET_TEMPLATES

    return tuple(template("{}") for template in OPENAI_IMAGENET_TEMPLATES)
