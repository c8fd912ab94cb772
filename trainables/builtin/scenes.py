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
    shade,
    superellipse,
)
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
OBJECTS: Final = ("ball", "box", "star", "heart", "house", "car", "fish", "cup")
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
    layouts: tuple[Layout, ...] = ("one", "one", "several", "pair", "pair")
    layout = layouts[rng.integers(len(layouts))] if label is None else "one"
    classes: tuple[int, ...] = (first,)
    relation = ""
    places = rng.uniform((0.36, 0.4), (0.64, 0.64), (1, 2))
    sizes = rng.uniform(0.18, 0.32, 1)
    if layout == "several":
        number = int(rng.integers(2, 5))
        classes = (first,) * number
        places = _spread(number) + rng.uniform(-0.05, 0.05, (number, 2))
        sizes = rng.uniform(0.12, 0.17) * rng.uniform(0.9, 1.1, number)
    elif layout == "pair":
        other = int(rng.integers(len(CLASSES) - 1))
        classes = (first, other + (other >= first))
        relation = ("left of", "right of", "above", "below")[rng.integers(4)]
        places = _SIDES[relation] + rng.uniform(-0.05, 0.05, (2, 2))
        sizes = rng.uniform(0.15, 0.2, 2)
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
        _draw_object(pen, thing, COLOURS[colour])
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


def _draw_object(pen: Pen, thing: str, colour: Colour) -> None:
    """Draw an object from y = -1 to 1, with an outline that tells it from the backdrop."""
    edge = shade(colour, 0.55) if sum(colour) > 150 else (128, 128, 134)
    _DRAW[thing](pen, edge, 1.0)
    _DRAW[thing](pen, colour, 0.88)
    _draw_details(pen, thing, edge, shade(colour, 1.35))


def _ball(pen: Pen, fill: Colour, grow: float) -> None:
    pen.ellipse(0, 0, grow, grow, fill)


def _box(pen: Pen, fill: Colour, grow: float) -> None:
    pen.shape(superellipse(grow, grow * 0.95, 0.05), fill)


def _star(pen: Pen, fill: Colour, grow: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False) - np.pi / 2
    radius = np.where(np.arange(10) % 2 == 0, 1.12, 0.48) - (1 - grow) * 1.3
    pen.shape(np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1), fill)


def _heart(pen: Pen, fill: Colour, grow: float) -> None:
    t = np.linspace(0, 2 * np.pi, 30)
    x = 16 * np.sin(t) ** 3
    y = -13 * np.cos(t) + 5 * np.cos(2 * t) + 2 * np.cos(3 * t) + np.cos(4 * t)
    pen.shape(grow * np.stack([x, y], axis=1) / 16, fill)


def _house(pen: Pen, fill: Colour, grow: float) -> None:
    pen.shape([(-0.8 * grow, grow), (-0.8 * grow, -0.05), (-1.05 * grow, -0.05), (0, -1.1 * grow),
               (1.05 * grow, -0.05), (0.8 * grow, -0.05), (0.8 * grow, grow)], fill)  # fmt: skip


def _car(pen: Pen, fill: Colour, grow: float) -> None:
    end, roof, floor = 1.25 * grow, -0.62 * grow, 0.5 * grow
    pen.shape([(-end, floor), (-end, -0.05), (-0.75, -0.1), (-0.5, roof), (0.45, roof),
               (0.8, -0.1), (end, 0.02), (end, floor)], fill)  # fmt: skip


def _fish(pen: Pen, fill: Colour, grow: float) -> None:
    pen.ellipse(-0.2, 0, 0.95 * grow, 0.58 * grow, fill)
    pen.shape([(0.5, 0), (1.25 * grow, -0.6 * grow), (1.25 * grow, 0.6 * grow)], fill)


def _cup(pen: Pen, fill: Colour, grow: float) -> None:
    pen.ring(0.72, 0.02, 0.42, 0.42, fill, 0.34 if grow == 1.0 else 0.16)
    pen.shape([(-0.85 * grow, -0.82 * grow), (0.75 * grow, -0.82 * grow), (0.55 * grow, 0.9 * grow),
               (-0.65 * grow, 0.9 * grow)], fill)  # fmt: skip


def _draw_details(pen: Pen, thing: str, edge: Colour, bright: Colour) -> None:
    if thing == "ball":
        pen.ellipse(-0.35, -0.4, 0.2, 0.16, bright)
    elif thing == "box":
        pen.stroke([(-0.85, -0.4), (0.85, -0.4)], edge, 0.12)
        pen.stroke([(0, -0.4), (0, -0.85)], edge, 0.12)
    elif thing == "house":
        pen.box(-0.2, 0.35, 0.2, 0.9, edge)
    elif thing == "car":
        pen.box(-0.4, -0.45, 0.4, -0.1, (200, 226, 240))
        for x in (-0.7, 0.7):
            pen.ellipse(x, 0.52, 0.3, 0.3, (40, 40, 44))
    elif thing == "fish":
        pen.ellipse(-0.68, -0.12, 0.11, 0.11, edge)


_DRAW: Final = {
    "ball": _ball, "box": _box, "star": _star, "heart": _heart,
    "house": _house, "car": _car, "fish": _fish, "cup": _cup,
}  # fmt: skip
