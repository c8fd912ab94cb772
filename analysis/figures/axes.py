"""The axes of figures: few round ticks, shares in per cent, doublings equally far apart.

Scales, axes and legends are mappings here: altair copies its charts at every level that they are
put together at, and its own objects, with a place for each property, take ten times as long.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

PAD = 6
"""Between the outermost points and the ends of an axis, in points."""
MAX_TICKS = 8
_MAX_STEPS = 5
_STEPS = (1.0, 2.0, 5.0)
_DRAWN = ("mean", "low", "high", "published", "original")


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis of measured values.

    Attributes:
        title: what is measured.
        domain: its ends.
        step: between its ticks.
        is_share: whether it is in per cent.
    """

    title: str
    domain: tuple[float, float]
    step: float
    is_share: bool = False

    def channel(self, field: str) -> alt.Y:
        """Give the encoding of a column by this axis."""
        return alt.Y(f"{field}:Q", **self._guides())

    def across(self, field: str) -> alt.X:
        """Give the encoding of a column by this axis, laid down."""
        return alt.X(f"{field}:Q", **self._guides())

    def _guides(self) -> dict[str, Any]:
        low, high = self.domain
        ticks = [round(low + i * self.step, 9) for i in range(round((high - low) / self.step) + 1)]
        axis: dict[str, Any] = {
            "title": self.title, "format": ".3~%" if self.is_share else ".6~g", "values": ticks,
        }  # fmt: skip
        scale: dict[str, Any] = {"domain": [low, high], "nice": False, "zero": False}
        return {"axis": axis, "scale": scale}


def axis_over(
    title: str, data: pl.DataFrame, *, is_share: bool = False, bottom: float | None = None,
    top: float | None = None,
) -> Axis:  # fmt: skip
    """Choose an axis that holds all that is drawn, in at most five round steps.

    Args:
        title: what is measured.
        data: the points, in any of mean, low, high, published and original.
        is_share: whether it is in per cent.
        bottom: where it starts, unless points are lower.
        top: where it ends, unless points are higher.
    """
    columns = [data[name].drop_nulls() for name in _DRAWN if name in data.columns]
    known = [each for column in columns for each in (column.min(), column.max()) if len(column)]
    ends = [float(each) for each in (*known, bottom, top) if isinstance(each, float)] or [0.0, 1.0]
    low, high = min(ends), max(ends)
    step = _step(low, high)
    first, last = _below(low, step), _above(high, step)
    if first == last:
        first -= 1
    return Axis(
        title=title,
        domain=(round(first * step, 9), round(last * step, 9)),
        step=step,
        is_share=is_share,
    )


def _step(low: float, high: float) -> float:
    power = math.floor(math.log10(max(high - low, 1e-6) / _MAX_STEPS))
    steps = (factor * 10.0**exponent for exponent in range(power, power + 3) for factor in _STEPS)
    return next(step for step in steps if _above(high, step) - _below(low, step) <= _MAX_STEPS)


def _below(value: float, step: float) -> int:
    return math.floor(value / step + 1e-9)


def _above(value: float, step: float) -> int:
    return math.ceil(value / step - 1e-9)


def names_channel(numbers: Iterable[int], noun: str) -> alt.X:
    """Give the encoding of numbers of names: a doubling is as wide as the next."""
    shown = sorted(set(numbers))
    ends = [shown[0], shown[-1]]
    if len(shown) > MAX_TICKS:
        powers = (2**i for i in range(ends[1].bit_length()))
        shown = [power for power in powers if power >= ends[0]]
    scale: dict[str, Any] = {"type": "log", "base": 2, "domain": ends, "nice": False}
    axis: dict[str, Any] = {"values": shown, "format": "d", "title": f"Number of {noun}"}
    return alt.X("x:Q", scale=scale | {"padding": PAD}, axis=axis)


def terms_channel(values: Iterable[str]) -> alt.X:
    """Give the encoding of values without an order, in that of their coming."""
    terms = list(dict.fromkeys(values))
    axis: dict[str, Any] = {"title": None, "labelAngle": -35, "labelLimit": 0, "ticks": False}
    return alt.X("x:N", sort=terms, axis=axis, scale={"paddingInner": 0.3, "paddingOuter": 0.25})
