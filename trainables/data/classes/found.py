"""What a reader of classification tasks gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.data.pictures import Pictures


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Pictures and their classes, all that there are.

    Attributes:
        class_names: as people say them.
        pictures: decoded when asked for.
        labels: (num_pictures,) index of the class.
    """

    class_names: tuple[str, ...]
    pictures: Pictures
    labels: NDArray[np.int64]


def readable(name: str) -> str:
    """Write the name of a folder or an identifier as people say it."""
    return " ".join(name.replace("_", " ").replace("/", " ").split())
