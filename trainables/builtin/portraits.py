"""Portraits: a person's traits stay, everything else changes from picture to picture."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from trainables.builtin import hair
from trainables.builtin.drawing import (
    BACKDROPS,
    Colour,
    Light,
    Pen,
    Points,
    draw_backdrop,
    finish,
    sample_light,
    shade,
    superellipse,
)
from trainables.builtin.people import Person
from trainables.data.source import Images

SKIN: Final[dict[str, Colour]] = {
    "pale": (252, 228, 210),
    "rosy": (246, 190, 170),
    "tan": (226, 174, 122),
    "olive": (190, 160, 104),
    "brown": (146, 96, 62),
    "dark": (88, 56, 42),
}
_EYES: Final[dict[str, tuple[Colour, float, float]]] = {
    "brown": ((92, 52, 24), 0.19, 0.14),
    "blue": ((46, 120, 220), 0.19, 0.14),
    "green": ((40, 150, 70), 0.19, 0.14),
    "narrow": ((40, 30, 28), 0.22, 0.06),
    "wide": ((50, 40, 36), 0.2, 0.22),
}
_INK: Final[Colour] = (34, 26, 28)


@dataclass(frozen=True, kw_only=True)
class Pose:
    """What changes from picture to picture of one person.

    Attributes:
        backdrop: one of `BACKDROPS`.
        centre: of the head, as shares of the picture's size.
        scale: half the height of the head, as a share of the picture's size.
        degrees: how far the head is tilted.
        turn: how far it looks to the right (or left, below 0), in heads.
        smile: from -1 to 1.
        clothes: their colour.
        light: on everything.
    """

    backdrop: str
    centre: tuple[float, float]
    scale: float
    degrees: float
    turn: float
    smile: float
    clothes: Colour
    light: Light


def sample_pose(rng: np.random.Generator) -> Pose:
    """Draw everything about a portrait but the person."""
    x, y = rng.uniform((0.43, 0.44), (0.57, 0.54)).tolist()
    red, green, blue = rng.integers(30, 225, 3).tolist()
    return Pose(
        backdrop=BACKDROPS[rng.integers(len(BACKDROPS))],
        centre=(x, y),
        scale=float(rng.uniform(0.27, 0.34)),
        degrees=float(rng.normal(0, 6)),
        turn=float(rng.uniform(-0.16, 0.16)),
        smile=float(rng.uniform(-0.6, 1)),
        clothes=(red, green, blue),
        light=sample_light(rng),
    )


def draw_portrait(person: Person, pose: Pose, size: int, rng: np.random.Generator) -> Images:
    """Draw a person.

    Args:
        person: whose traits are drawn.
        pose: and everything else that the picture shows.
        size: of the picture, in pixels.
        rng: for the details of the backdrop.

    Returns:
        (size, size, 3)
    """
    image = draw_backdrop(2 * size, pose.backdrop, rng)
    centre = (pose.centre[0] * 2 * size, pose.centre[1] * 2 * size)
    pen = Pen(image, centre=centre, scale=pose.scale * 2 * size, degrees=pose.degrees)
    head = _head(person)
    hair.draw_behind(pen, person)
    _draw_body(pen, person, pose)
    pen.shape(head * 1.035, shade(SKIN[person.trait("skin")], 0.7))
    pen.shape(head, SKIN[person.trait("skin")])
    _draw_mouth(pen, person, pose, head)
    _draw_eyes(pen, person, pose)
    _draw_glasses(pen, person, pose)
    hair.draw_front(pen, person, head)
    hair.draw_hat(pen, person)
    return finish(image, pose.light)


def _head(person: Person) -> Points:
    width, power, taper = {
        "round": (0.86, 0.95, 0.0),
        "long": (0.66, 0.9, 0.1),
        "square": (0.8, 0.55, 0.0),
        "pointed": (0.84, 0.9, 0.55),
    }[person.trait("face")]
    return superellipse(width, 1.0, power, taper)


def _draw_body(pen: Pen, person: Person, pose: Pose) -> None:
    skin = shade(SKIN[person.trait("skin")], 0.82)
    pen.shape([(-1.5, 3.5), (-1.25, 1.55), (-0.4, 1.2), (0.4, 1.2), (1.25, 1.55), (1.5, 3.5)],
              pose.clothes)  # fmt: skip
    pen.box(-0.3, 0.6, 0.3, 1.3, skin)
    pen.ellipse(0, 1.27, 0.32, 0.14, skin)
    for side in (-1, 1):
        pen.ellipse(0.8 * side, 0.08, 0.14, 0.2, skin)


def _draw_mouth(pen: Pen, person: Person, pose: Pose, head: Points) -> None:
    style = person.trait("mouth")
    skin, hairs = SKIN[person.trait("skin")], hair.colour(person)
    x = pose.turn
    if style == "beard":
        lower = head[head[:, 1] > 0.12] * (1.06, 1.1)
        pen.shape(lower, hairs)
        pen.ellipse(x, 0.5, 0.34, 0.17, skin)
    if style == "goatee":
        pen.ellipse(x, 0.86, 0.24, 0.28, hairs)
    nose = 0.12 + 0.16 * person.details[1]
    pen.stroke([(x, -0.05), (x * 1.4 - 0.08, nose), (x * 1.4 + 0.08, nose)], shade(skin, 0.6), 0.06)
    breadth = 0.2 + 0.1 * person.details[2]
    lips: Colour = (150, 62, 58)
    if style == "wide":
        pen.ellipse(x, 0.54, 0.36, 0.08 + 0.06 * max(pose.smile, 0), (120, 34, 40))
        pen.box(x - 0.26, 0.48, x + 0.26, 0.54, (250, 250, 246))
    elif style == "full":
        pen.ellipse(x, 0.54, breadth + 0.04, 0.12, (206, 30, 62))
        pen.arc(x, 0.53, breadth, 0.06 * pose.smile, (120, 10, 36), 0.05)
    else:
        pen.arc(x, 0.5, breadth, 0.14 * pose.smile, lips, 0.09)
    if style == "moustache":
        pen.shape([(x - 0.42, 0.46), (x - 0.1, 0.27), (x + 0.1, 0.27), (x + 0.42, 0.46),
                   (x, 0.4)], hairs)  # fmt: skip


def _draw_eyes(pen: Pen, person: Person, pose: Pose) -> None:
    iris, width, height = _EYES[person.trait("eyes")]
    apart = 0.3 + 0.08 * person.details[3]
    brow = -0.42 - 0.12 * person.details[0]
    tone = shade(hair.colour(person), 0.75)
    for side in (-1, 1):
        x = pose.turn + apart * side
        pen.ellipse(x, -0.16, width, height, (252, 252, 250))
        pen.ellipse(x + 0.3 * pose.turn, -0.16, 0.125, min(0.125, height), iris)
        pen.ellipse(x + 0.3 * pose.turn, -0.16, 0.05, min(0.05, height), _INK)
        pen.stroke([(x - 0.17, brow - 0.02 * side), (x + 0.17, brow + 0.02 * side)], tone, 0.08)


def _draw_glasses(pen: Pen, person: Person, pose: Pose) -> None:
    style = person.trait("glasses")
    if style == "none":
        return
    apart = 0.3 + 0.08 * person.details[3]
    for side in (-1, 1):
        x = pose.turn + apart * side
        if style == "round":
            pen.ring(x, -0.14, 0.25, 0.25, (200, 150, 30), 0.07)
        elif style == "square":
            pen.stroke([(x - 0.27, -0.34), (x + 0.27, -0.34), (x + 0.27, 0.04), (x - 0.27, 0.04),
                        (x - 0.27, -0.34)], _INK, 0.08)  # fmt: skip
        else:
            pen.ellipse(x, -0.12, 0.29, 0.23, _INK)
        pen.stroke([(x + 0.26 * side, -0.16), (0.82 * side, -0.12)], _INK, 0.05)
    pen.stroke([(pose.turn - 0.08, -0.16), (pose.turn + 0.08, -0.16)], _INK, 0.06)
