"""Panels of a figure: series over numbers of names, or beside each other at terms."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from analysis.figures.axes import Axis, names_channel, terms_channel
from analysis.figures.blocks import Grid, layered
from analysis.figures.style import FAINT, Channel, series_scale, series_styles

_EDGE_WIDTH = 0.35
_TIPS = {
    "series": "series", "x": "at", "mean": "mean", "std": "std", "n": "seeds",
    "num_expected": "of", "published": "published",
}  # fmt: skip
_DRAWN = (*_TIPS, "low", "high")
_CHANNELS: dict[str, tuple[Any, Channel]] = {
    "color": (alt.Color, "colour"),
    "shape": (alt.Shape, "shape"),
}
_LEGEND_COLUMNS = 3


def panel(
    data: pl.DataFrame, x: str, noun: str, y: Axis, legend: Sequence[str], grid: Grid
) -> alt.LayerChart:
    """Draw the series of a panel: as lines over numbers of names, as points at terms.

    Bands are opaque, with their edges above all of them: none hides another, and nothing is
    see-through. A mean that is missing breaks its line. What a paper prints is a hollow mark.

    Args:
        data: series, x, mean, std, low, high, published, n, num_expected; original if it is known.
        x: `num_names`, or a setting whose values have no order.
        noun: what is counted.
        y: the vertical axis.
        legend: the names of all series of the figure, of which a panel may show some.
        grid: whose panel it is.
    """
    base = alt.Chart(data.select(_DRAWN).with_columns(pl.col(pl.Float64).round(6)))
    if x == "num_names":
        base = base.encode(x=names_channel(data["x"], noun))
        lines = dashed(base.encode(y=y.channel("mean")), legend, set(data["series"]))
        layers = [*_bands(base, data, y, legend), *_original(data, y), *lines]
    else:
        names = [name for name in legend if name in set(data["series"])]
        beside = alt.XOffset("series:N", scale={"domain": names})
        base = base.encode(x=terms_channel(data["x"]), xOffset=beside)
        bar = base.mark_rule(aria=False).encode(**look(legend, "color"))
        layers = [*_original(data, y), bar.encode(y=y.channel("low"), y2="high:Q")]
    style = look(legend, "color", "shape", columns=grid.legend_columns)
    layers += _marks(base, data, y, style)
    return layered(layers, grid)


def _bands(base: alt.Chart, data: pl.DataFrame, y: Axis, legend: Sequence[str]) -> list[alt.Chart]:
    shown = set(data.filter(pl.col("low").is_not_null())["series"])
    if not shown:
        return []
    # One layer each: an encoding of their colours would need a legend of its own.
    areas = [
        _only(base, name)
        .mark_area(color=style.band, aria=False)
        .encode(y=y.channel("low"), y2="high:Q")
        for name, style in series_styles(legend).items()
        if name in shown
    ]
    edge = base.mark_line(strokeWidth=_EDGE_WIDTH, aria=False).encode(**look(legend, "color"))
    return [*areas, *(edge.encode(y=y.channel(end)) for end in ("low", "high"))]


def dashed(base: alt.Chart, legend: Sequence[str], shown: Container[str]) -> list[alt.Chart]:
    """Draw a line for each series; x, y and maybe the order are encoded."""
    # One layer each: an encoding of dashes would dash the outlines of the legend's symbols.
    return [
        _only(base, name).mark_line(color=style.colour, strokeDash=list(style.dash), aria=False)
        for name, style in series_styles(legend).items()
        if name in shown
    ]


def _only(base: alt.Chart, name: str) -> alt.Chart:
    return base.transform_filter(alt.FieldEqualPredicate(field="series", equal=name))


def _marks(
    base: alt.Chart, data: pl.DataFrame, y: Axis, style: Mapping[str, Any]
) -> list[alt.Chart]:
    tips = [alt.Tooltip(name, title=title) for name, title in _TIPS.items()]
    marks = [base.mark_point().encode(y=y.channel("mean"), tooltip=tips, **style)]
    if data["published"].count():
        hollow = base.mark_point(filled=False, size=50, strokeWidth=0.7, aria=False)
        marks.append(hollow.encode(y=y.channel("published"), **style))
    return marks


def _original(data: pl.DataFrame, y: Axis) -> list[alt.Chart]:
    """Draw the original model as a dashed line across the panel."""
    if "original" not in data.columns or not data["original"].count():
        return []
    line = alt.Chart(data.select(pl.col("original").drop_nulls().unique().round(6)))
    rule = line.mark_rule(strokeDash=[2, 2], stroke=FAINT, strokeWidth=0.8)
    return [rule.encode(y=y.channel("original"))]


def look(legend: Sequence[str], *channels: str, columns: int = 0) -> dict[str, Any]:
    """Give the encodings that tell series apart, under one legend of so many columns."""
    shown: dict[str, Any] = {"symbolStrokeWidth": 0}
    if columns or len(legend) > _LEGEND_COLUMNS + 1:
        shown["columns"] = columns or _LEGEND_COLUMNS
    found = {}
    for channel in channels:
        kind, style = _CHANNELS[channel]
        scale = series_scale(legend, style).to_dict()
        found[channel] = kind("series:N", title=None, scale=scale, legend=shown)
    return found
