"""What portraits and scenes are drawn with: a pen, backdrops and light."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainables.data.source import Images

Colour = tuple[int, int, int]
Points = NDArray[np.float64]
"""Corners of a shape as (num_points, 2), x to the right and y down, in units of the pen."""

_ANGLES: Final = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_CIRCLE: Final[Points] = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)

BACKDROPS: Final = ("plain", "grass", "beach", "snow", "night", "room")


def shade(colour: Colour, factor: float) -> Colour:
    """Darken (factor below 1) or lighten (above 1) a colour."""
    red, green, blue = (min(255, max(0, round(c * factor))) for c in colour)
    return red, green, blue


def superellipse(width: float, height: float, power: float, taper: float = 0.0) -> Points:
    """Trace a closed shape between an ellipse (power 1) and a box (power to 0).

    Args:
        width: half of it.
        height: half of it.
        power: of the sine and the cosine.
        taper: how much narrower the lower end is, from 0 to 1.
    """
    rounded = np.sign(_CIRCLE) * np.abs(_CIRCLE) ** power
    narrowing = 1 - taper * np.clip(rounded[:, 1], 0, None)
    return np.stack([width * rounded[:, 0] * narrowing, height * rounded[:, 1]], axis=1)


class Pen:
    """Draws in its own coordinates: moved, turned and scaled against the picture."""

    def __init__(
        self, image: Image.Image, *, centre: tuple[float, float], scale: float, degrees: float = 0.0
    ) -> None:
        """Put the pen's origin at `centre` (pixels); one unit is `scale` pixels."""
        self._draw = ImageDraw.Draw(image)
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        self._turn = scale * np.array([[cosine, sine], [-sine, cosine]])
        self._centre = np.array(centre)
        self._scale = scale

    def _pixels(self, points: Points) -> list[float]:
        pixels: list[float] = (points @ self._turn + self._centre).ravel().tolist()
        return pixels

    def shape(self, points: Points | Sequence[tuple[float, float]], fill: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._pixels(np.asarray(points, dtype=np.float64)), fill=fill)

    def ellipse(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """Fill an ellipse around (x, y) of half `width` and half `height`."""
        self.shape(_CIRCLE * (width, height) + (x, y), fill)

    def ring(
        self, x: float, y: float, width: float, height: float, fill: Colour, line: float
    ) -> None:
        """Draw the outline of an ellipse, `line` thick."""
        closed = np.concatenate([_CIRCLE, _CIRCLE[:2]]) * (width, height) + (x, y)
        self.stroke(closed, fill, line)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour) -> None:
        """Fill the rectangle between two corners."""
        self.shape([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)

    def stroke(
        self, points: Points | Sequence[tuple[float, float]], fill: Colour, line: float
    ) -> None:
        """Draw a line through the points, `line` thick."""
        pixels = self._pixels(np.asarray(points, dtype=np.float64))
        self._draw.line(pixels, fill=fill, width=max(1, round(line * self._scale)), joint="curve")

    def arc(
        self, x: float, y: float, width: float, height: float, fill: Colour, line: float
    ) -> None:
        """Draw a shallow arc: a parabola around (x, y) that sinks by `height` in its middle."""
        steps = np.linspace(-1, 1, 7)
        points = np.stack([x + width * steps, y + height * (1 - steps**2)], axis=1)
        self.stroke(points, fill, line)


@dataclass(frozen=True, kw_only=True)
class Light:
    """How a picture is lit.

    Attributes:
        brightness: of all channels.
        tint: factor of each channel.
        slope: how the light changes to the right and downwards, from edge to edge.
    """

    brightness: float
    tint: tuple[float, float, float]
    slope: tuple[float, float]


def sample_light(rng: np.random.Generator) -> Light:
    """Draw the light of one picture."""
    red, green, blue = rng.uniform(0.94, 1.06, 3).tolist()
    right, down = rng.uniform(-0.2, 0.2, 2).tolist()
    return Light(
        brightness=float(rng.uniform(0.82, 1.12)), tint=(red, green, blue), slope=(right, down)
    )


def finish(image: Image.Image, light: Light) -> Images:
    """Halve a drawing's size and light it: (height, width, 3)."""
    pixels = np.asarray(image.reduce(2), dtype=np.float32)
    ramp = np.linspace(-1, 1, pixels.shape[0], dtype=np.float32)
    lit = light.brightness * (1 + light.slope[0] * ramp[None, :] + light.slope[1] * ramp[:, None])
    tinted = pixels * lit[:, :, None] * np.array(light.tint, dtype=np.float32)
    return np.clip(tinted, 0, 255).astype(np.uint8)


def draw_backdrop(size: int, backdrop: str, rng: np.random.Generator) -> Image.Image:
    """Draw one of `BACKDROPS`, `size` pixels a side."""
    vary = float(rng.uniform(0.9, 1.08))
    horizon = float(rng.uniform(0.45, 0.65))
    if backdrop == "plain":
        red, green, blue = rng.integers(120, 245, 3).tolist()
        return Image.new("RGB", (size, size), (red, green, blue))
    upper, lower = _GROUNDS[backdrop]
    image = Image.new("RGB", (size, size), shade(upper, vary))
    pen = Pen(image, centre=(0, 0), scale=size)
    pen.box(0, horizon, 1, 1, shade(lower, vary))
    if backdrop == "beach":
        pen.box(0, horizon, 1, horizon + 0.12, shade((58, 140, 190), vary))
    if backdrop == "night":
        for x, y in rng.uniform((0, 0), (1, horizon), (6, 2)).tolist():
            pen.box(x, y, x + 0.02, y + 0.02, (235, 232, 190))
    if backdrop == "room":
        pen.box(0, horizon - 0.02, 1, horizon + 0.02, shade((245, 240, 230), vary))
    return image


_GROUNDS: Final[dict[str, tuple[Colour, Colour]]] = {
    "grass": ((172, 214, 240), (118, 178, 96)),
    "beach": ((190, 226, 245), (232, 210, 160)),
    "snow": ((200, 214, 228), (240, 244, 250)),
    "night": ((34, 38, 72), (52, 56, 62)),
    "room": ((222, 205, 186), (158, 120, 88)),
}
