"""The objects of the scenes: an outline that a colour fills, and a few details on it."""

from typing import Final

import numpy as np

from trainables.builtin.drawing import Colour, Pen, shade, superellipse


def draw_object(pen: Pen, thing: str, colour: Colour) -> None:
    """Draw an object from y = -1 to 1, with an outline that tells it from the backdrop."""
    edge = shade(colour, 0.55) if sum(colour) > 150 else (128, 128, 134)
    _OUTLINES[thing](pen, edge, 1.0)
    _OUTLINES[thing](pen, colour, 0.88)
    mark = (110, 110, 118) if sum(colour) > 560 else (250, 250, 246)
    _DETAILS[thing](pen, edge, mark)


def _ball(pen: Pen, fill: Colour, grow: float) -> None:
    pen.ellipse(0, 0, grow, grow, fill)


def _box(pen: Pen, fill: Colour, grow: float) -> None:
    pen.shape(superellipse(grow, grow * 0.95, 0.05), fill)


def _star(pen: Pen, fill: Colour, grow: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False) - np.pi / 2
    radius = np.where(np.arange(10) % 2 == 0, 1.25, 0.5) - (1 - grow) * 1.3
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
    pen.ring(0.7, 0.2, 0.42, 0.4, fill, 0.36 if grow == 1.0 else 0.18)
    pen.shape([(-0.9 * grow, -0.4 * grow), (0.7 * grow, -0.4 * grow), (0.45 * grow, grow),
               (-0.65 * grow, grow)], fill)  # fmt: skip


def _stripes(pen: Pen, edge: Colour, mark: Colour) -> None:
    pen.arc(0, -0.3, 0.8, 0.22, mark, 0.16)
    pen.arc(0, 0.15, 0.86, 0.24, mark, 0.16)


def _ribbon(pen: Pen, edge: Colour, mark: Colour) -> None:
    pen.box(-0.15, -0.84, 0.15, 0.84, mark)
    pen.box(-0.86, -0.15, 0.86, 0.15, mark)


def _door_and_windows(pen: Pen, edge: Colour, mark: Colour) -> None:
    pen.box(-0.18, 0.3, 0.18, 0.9, edge)
    for x in (-0.46, 0.46):
        pen.box(x - 0.16, 0.12, x + 0.16, 0.44, mark)


def _window_and_wheels(pen: Pen, edge: Colour, mark: Colour) -> None:
    pen.box(-0.4, -0.45, 0.4, -0.1, mark)
    for x in (-0.7, 0.7):
        pen.ellipse(x, 0.52, 0.3, 0.3, (40, 40, 44))


def _eye_and_fins(pen: Pen, edge: Colour, mark: Colour) -> None:
    pen.ellipse(-0.72, -0.12, 0.13, 0.13, mark)
    for x in (-0.3, 0.1):
        pen.stroke([(x, -0.36), (x, 0.36)], edge, 0.1)


def _steam(pen: Pen, edge: Colour, mark: Colour) -> None:
    for x in (-0.45, 0.15):
        pen.stroke([(x, -0.5), (x + 0.16, -0.7), (x, -0.9), (x + 0.16, -1.1)], mark, 0.17)


def _dot(pen: Pen, edge: Colour, mark: Colour) -> None:
    pen.ellipse(0, 0, 0.24, 0.24, mark)


def _nothing(pen: Pen, edge: Colour, mark: Colour) -> None:
    pass


_OUTLINES: Final = {
    "ball": _ball, "box": _box, "star": _star, "heart": _heart,
    "house": _house, "car": _car, "fish": _fish, "cup": _cup,
}  # fmt: skip
_DETAILS: Final = {
    "ball": _stripes, "box": _ribbon, "star": _dot, "heart": _nothing,
    "house": _door_and_windows, "car": _window_and_wheels, "fish": _eye_and_fins, "cup": _steam,
}  # fmt: skip
OBJECTS: Final = tuple(_OUTLINES)
"""What a scene can show; the order is that of the labels."""
