"""CIFAR-10 and CIFAR-100, from their authors' archive for Python as torchvision unpacks it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from trainables.data.classes.found import Labelled, readable
from trainables.data.classes.plain_pickle import CodeError, read_plain_pickle, text
from trainables.data.decoding import reason
from trainables.data.digests import file_digest
from trainables.data.pictures import ArrayPictures
from trainables.data.source import Images
from trainables.errors import UserError
from trainables.profile.schema import ClassSource

_SIDE = 32
_T = TypeVar("_T")


@dataclass(frozen=True)
class Cifar:
    """Where one of the two sets has what.

    Attributes:
        folder: that the archive holds.
        test: file of the test pictures.
        labels: key of the labels there.
        meta: file of the class names.
        names: key of the names there.
        num_classes: how many there are.
    """

    folder: str
    test: str
    labels: str
    meta: str
    names: str
    num_classes: int

    def read(self, source: ClassSource, what: str) -> Labelled:
        """Read the test pictures and the class names.

        Raises:
            UserError: a file is missing or broken, or would run code when unpickled.
        """
        folder = Path(source.path) / self.folder
        names = _read(folder / self.meta, what, self._class_names)
        images, labels = _read(folder / self.test, what, self._test_split)
        return Labelled(class_names=names, pictures=ArrayPictures(images), labels=labels)

    def parts(self, source: ClassSource, what: str) -> tuple[str, ...]:
        """Give what tells the files from others, for a digest."""
        folder = Path(source.path) / self.folder
        return tuple(file_digest(folder / name, what) for name in (self.meta, self.test))

    def _class_names(self, meta: dict[str, Any]) -> tuple[str, ...]:
        names = _of_type(list, meta, self.names)
        if len(names) != self.num_classes:
            raise ValueError(f"{len(names)} class names are in it and not {self.num_classes}")
        return tuple(readable(text(name)) for name in names)

    def _test_split(self, batch: dict[str, Any]) -> tuple[Images, NDArray[np.int64]]:
        labels = _of_type(list, batch, self.labels)
        data = _of_type(np.ndarray, batch, "data")
        num_values = 3 * _SIDE**2
        if data.shape != (len(labels), num_values) or not len(labels):
            raise ValueError(f"pictures of shape {data.shape} have {len(labels)} labels")
        if not all(type(label) is int and 0 <= label < self.num_classes for label in labels):
            raise ValueError(f"a label is none of 0 to {self.num_classes - 1}")
        planes = data.reshape(-1, 3, _SIDE, _SIDE)
        return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), np.array(labels, dtype=np.int64)


CIFAR10 = Cifar("cifar-10-batches-py", "test_batch", "labels", "batches.meta", "label_names", 10)
CIFAR100 = Cifar("cifar-100-python", "test", "fine_labels", "meta", "fine_label_names", 100)


def _read(path: Path, what: str, parse: Callable[[dict[str, Any]], _T]) -> _T:
    try:
        return parse(read_plain_pickle(path.read_bytes()))
    except OSError as error:
        raise UserError(
            f"{what}: cannot read {path} ({error.strerror}); name the folder in which the archive "
            f"of its authors for Python is unpacked ({path.parent.name})."
        ) from error
    except CodeError as error:
        raise UserError(
            f"{what}: {path} is not trusted, since it would run {str(error)!r} when unpickled; "
            "take the file from the archive of its authors."
        ) from error
    # What a broken pickle raises is of many classes.
    except Exception as error:
        raise UserError(
            f"{what}: {path} is not the file that is in the archive of its authors for Python "
            f"({reason(error)}); unpack it anew."
        ) from error


def _of_type(kind: type[_T], values: dict[str, Any], key: str) -> _T:
    value = values.get(key)
    if not isinstance(value, kind):
        raise ValueError(f"no {kind.__name__} {key!r} is in it")
    return value
