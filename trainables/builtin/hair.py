"""Hair and hats of a portrait, in the coordinates of the head: it reaches from y = -1 to 1."""

from typing import Final

import numpy as np

from trainables.builtin.drawing import Colour, Pen, Points, shade
from trainables.builtin.people import Person

_COLOURS: Final[dict[str, Colour]] = {
    "black": (28, 24, 26),
    "brown": (104, 62, 32),
    "blond": (236, 200, 92),
    "red": (196, 76, 26),
    "grey": (140, 142, 148),
    "white": (238, 238, 234),
    "blue": (52, 96, 214),
    "pink": (240, 104, 178),
}

_LOWEST: Final = {
    "short": -0.55, "spiky": -0.62, "curly": -0.6, "long": -0.52, "bob": -0.42, "bun": -0.55,
}  # fmt: skip
"""How far down the forehead hair reaches."""
_LOCKS: Final[dict[str, tuple[tuple[tuple[float, float], ...], ...]]] = {
    "short": (((-0.7, -0.85), (0.5, -1.12), (0.8, -0.6), (0.2, -0.62), (-0.5, -0.42)),),
    "spiky": tuple(
        ((x - 0.2, -0.7), (x * 1.35, -1.42 + 0.3 * abs(x)), (x + 0.2, -0.7))
        for x in (-0.62, -0.31, 0.0, 0.31, 0.62)
    ),
    "mohawk": (((-0.2, -0.5), (-0.26, -1.5), (0, -1.62), (0.26, -1.5), (0.2, -0.5)),),
    "bob": (((-0.8, -0.72), (0.8, -0.72), (0.8, -0.42), (-0.8, -0.42)),),
    "long": (
        ((0, -1.08), (-0.95, -0.6), (-1.0, 0.5), (-0.74, 0.0), (-0.6, -0.45)),
        ((0, -1.08), (0.95, -0.6), (1.0, 0.5), (0.74, 0.0), (0.6, -0.45)),
    ),
}


def colour(person: Person) -> Colour:
    """Give the colour of somebody's hair."""
    return _COLOURS[person.trait("hair colour")]


def draw_behind(pen: Pen, person: Person) -> None:
    """Draw the hair that hangs behind the head."""
    style, dark = person.trait("hair style"), shade(colour(person), 0.85)
    if style == "long":
        pen.ellipse(0, -0.2, 1.08, 1.0, dark)
        pen.shape([(-1.08, -0.2), (1.08, -0.2), (1.18, 1.9), (-1.18, 1.9)], dark)
    elif style == "bob":
        pen.ellipse(0, -0.15, 1.12, 1.05, dark)
        pen.shape([(-1.12, -0.1), (1.12, -0.1), (1.22, 0.72), (-1.22, 0.72)], dark)
    elif style == "curly":
        for angle in np.linspace(0.9 * np.pi, 2.1 * np.pi, 9):
            pen.ellipse(0.85 * np.cos(angle), 0.75 * np.sin(angle) - 0.1, 0.42, 0.42, dark)
    elif style == "bun":
        pen.ellipse(0, -1.22, 0.42, 0.4, dark)


def draw_front(pen: Pen, person: Person, head: Points) -> None:
    """Draw the hair that covers the head.

    Args:
        pen: at the head.
        person: whose hair it is.
        head: outline of the head, (num_points, 2).
    """
    style, tone = person.trait("hair style"), colour(person)
    if style in _LOWEST:
        crown = head[head[:, 1] < _LOWEST[style]] * (1.08, 1.1)
        pen.shape(crown[np.argsort(np.arctan2(crown[:, 1], crown[:, 0]))], tone)
    for shape in _LOCKS.get(style, ()):
        pen.shape(shape, tone)
    if style == "curly":
        for x in np.linspace(-0.66, 0.66, 5):
            pen.ellipse(x, -0.82 + 0.35 * x * x, 0.27, 0.27, tone)


def draw_hat(pen: Pen, person: Person) -> None:
    """Draw what somebody wears on the head."""
    hat = person.trait("hat")
    if hat == "cap":
        pen.shape([(-0.86, -0.52), (-0.74, -1.06), (0, -1.24), (0.74, -1.06), (0.86, -0.52)],
                  (206, 40, 44))  # fmt: skip
        pen.shape([(-0.2, -0.6), (1.2, -0.52), (1.2, -0.4), (-0.2, -0.46)], (150, 22, 30))
    elif hat == "beanie":
        pen.ellipse(0, -0.78, 0.88, 0.6, (46, 132, 86))
        pen.box(-0.9, -0.72, 0.9, -0.48, (32, 98, 62))
        pen.ellipse(0, -1.42, 0.17, 0.17, (236, 238, 230))
    elif hat == "straw hat":
        pen.ellipse(0, -0.62, 1.32, 0.22, (224, 184, 96))
        pen.ellipse(0, -0.9, 0.74, 0.5, (236, 202, 120))
        pen.box(-0.74, -0.84, 0.74, -0.68, (120, 60, 36))
    elif hat == "headband":
        pen.shape([(-0.88, -0.64), (0, -0.78), (0.88, -0.64), (0.9, -0.44), (0, -0.58),
                   (-0.9, -0.44)], (122, 62, 178))  # fmt: skip
