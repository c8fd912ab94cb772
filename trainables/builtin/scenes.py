"""Scenes: coloured objects before a backdrop."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from trainables.builtin.drawing import (
    BACKDROPS,
    Colour,
    Light,
    Pen,
    draw_backdrop,
    finish,
    sample_light,
)
from trainables.builtin.objects import OBJECTS, draw_object
from trainables.data.source import Images

COLOURS: Final[dict[str, Colour]] = {
    "red": (220, 36, 36),
    "orange": (250, 140, 20),
    "yellow": (252, 226, 40),
    "green": (36, 150, 56),
    "blue": (40, 84, 214),
    "purple": (126, 46, 166),
    "pink": (252, 130, 190),
    "brown": (122, 74, 36),
    "black": (26, 26, 30),
    "white": (250, 250, 250),
}
CLASSES: Final = tuple(f"{colour} {thing}" for colour in COLOURS for thing in OBJECTS)
"""Colour by object: the classes of the zero-shot task, in the order of their labels."""

Layout = Literal["one", "several", "pair"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a scene shows.

    Attributes:
        layout: one object, several of one class, or two of different classes.
        classes: index into `CLASSES` of each object.
        places: (num_objects, 2) of their centres, as shares of the picture's size.
        sizes: (num_objects,) half of their heights, as shares of the picture's size.
        relation: how the first of a pair stands to the second; else empty.
        backdrop: one of `BACKDROPS`.
        light: on everything.
    """

    layout: Layout
    classes: tuple[int, ...]
    places: NDArray[np.float64]
    sizes: NDArray[np.float64]
    relation: str
    backdrop: str
    light: Light


def sample_scene(rng: np.random.Generator, label: int | None = None) -> Scene:
    """Draw what a scene shows; with a `label`, one object of this class."""
    first = int(rng.integers(len(CLASSES))) if label is None else label
    layouts: tuple[Layout, ...] = ("one", "one", "one", "several", "pair")
    layout = layouts[rng.integers(len(layouts))] if label is None else "one"
    classes: tuple[int, ...] = (first,)
    relation = ""
    places = rng.uniform((0.36, 0.4), (0.64, 0.64), (1, 2))
    sizes = rng.uniform(0.21, 0.34, 1)
    if layout == "several":
        number = int(rng.integers(2, 5))
        classes = (first,) * number
        places = _spread(number) + rng.uniform(-0.05, 0.05, (number, 2))
        sizes = rng.uniform(0.13, 0.175) * rng.uniform(0.9, 1.1, number)
    elif layout == "pair":
        other = int(rng.integers(len(CLASSES) - 1))
        classes = (first, other + (other >= first))
        relation = ("left of", "right of", "above", "below")[rng.integers(4)]
        places = _SIDES[relation] + rng.uniform(-0.05, 0.05, (2, 2))
        sizes = rng.uniform(0.16, 0.21, 2)
    return Scene(
        layout=layout,
        classes=classes,
        places=places,
        sizes=sizes,
        relation=relation,
        backdrop=BACKDROPS[rng.integers(len(BACKDROPS))],
        light=sample_light(rng),
    )


def draw_scene(scene: Scene, size: int, rng: np.random.Generator) -> Images:
    """Draw a scene.

    Args:
        scene: what it shows.
        size: of the picture, in pixels.
        rng: for the details of the backdrop and the tilt of the objects.

    Returns:
        (size, size, 3)
    """
    image = draw_backdrop(2 * size, scene.backdrop, rng)
    for label, place, half in zip(scene.classes, scene.places, scene.sizes, strict=True):
        colour, thing = CLASSES[label].split(" ")
        centre = (float(place[0]) * 2 * size, float(place[1]) * 2 * size)
        tilt = float(rng.normal(0, 6))
        pen = Pen(image, centre=centre, scale=float(half) * 2 * size, degrees=tilt)
        draw_object(pen, thing, COLOURS[colour])
    return finish(image, scene.light)


def _spread(number: int) -> NDArray[np.float64]:
    """Place two to four objects apart from each other, as shares of the picture's size."""
    corners = {
        2: [(0.3, 0.52), (0.7, 0.52)],
        3: [(0.27, 0.66), (0.73, 0.66), (0.5, 0.32)],
        4: [(0.29, 0.33), (0.71, 0.33), (0.29, 0.7), (0.71, 0.7)],
    }
    return np.array(corners[number])


_SIDES: Final[dict[str, NDArray[np.float64]]] = {
    "left of": np.array([(0.27, 0.52), (0.73, 0.52)]),
    "right of": np.array([(0.73, 0.52), (0.27, 0.52)]),
    "above": np.array([(0.5, 0.28), (0.5, 0.74)]),
    "below": np.array([(0.5, 0.74), (0.5, 0.28)]),
}
