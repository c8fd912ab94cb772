"""What a trial needs to know of the world: people, their pictures, captions and classes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""Pictures as (..., height, width, 3), RGB."""


@dataclass(frozen=True, kw_only=True)
class AttackSet:
    """The people that the identity inference attack is run on.

    Attributes:
        people: their names; those of the candidates that are real.
        is_member: (num_people,) whether the model saw the person in training.
        images: (num_people, num_images, height, width, 3) pictures to attack with.
        random_names: names of nobody, to fill the candidates up with.
    """

    people: tuple[str, ...]
    is_member: NDArray[np.bool_]
    images: Images
    random_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ZeroShotSet:
    """A classification task without training.

    Attributes:
        name: of the data set.
        class_names: what is put into the templates.
        templates: with `{}` in the place of the class name.
        images: (num_images, height, width, 3).
        labels: (num_images,) index of the class.
    """

    name: str
    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    images: Images
    labels: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Captions:
    """Generic captions.

    Attributes:
        train: for the clean and the backdoor batches.
        evaluation: for the similarities.
    """

    train: tuple[str, ...]
    evaluation: tuple[str, ...]
