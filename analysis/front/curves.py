"""The hypervolume over candidates, as curves."""

from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from analysis.figures.axes import Axis, axis_over
from analysis.figures.blocks import below
from analysis.figures.lines import look
from analysis.figures.style import COLUMN_WIDTH, series_styles

MEAN = "mean"
"""The column that tells the mean of several searches from each of them."""
_WIDTH, _HEIGHT = COLUMN_WIDTH - 40.0, 110.0
_UNSCALED = 0.15
"""The first candidates, as a share of all, whose hypervolume may lie below the figure."""
MIN_CANDIDATES = 5.0
"""Of fewer, the ticks would be parts of a candidate."""


def curves_frame(curves: Mapping[tuple[str, str], Sequence[float]]) -> pl.DataFrame:
    """Give a row for each search and candidate.

    Args:
        curves: the hypervolume after each candidate, by series and search.

    Returns:
        series, search, candidates (how many so far), hypervolume.
    """
    rows = [
        {"series": series, "search": search, "candidates": number, "hypervolume": volume}
        for (series, search), curve in curves.items()
        for number, volume in enumerate(curve, start=1)
    ]
    schema = {"series": pl.String, "search": pl.String, "candidates": pl.Int64}
    return pl.DataFrame(rows, schema=schema | {"hypervolume": pl.Float64})


def curves_chart(data: pl.DataFrame) -> alt.VConcatChart:
    """Draw the hypervolume of searches over their candidates; of several of a series the mean.

    Raises:
        UserError: there are more series than one can tell apart.
    """
    names = data["series"].unique(maintain_order=True).to_list()
    has_means = data.select("series", "search").n_unique() > len(names)
    y = _upright(data).channel("hypervolume")
    numbers = data.select(mean=pl.col("candidates").cast(pl.Float64))
    x = axis_over("Candidates", numbers, bottom=0.0, top=MIN_CANDIDATES).across("candidates")
    # Before the first candidate there is nothing: the first rise is part of the curve.
    begun = data.select("series", "search").unique(maintain_order=True)
    zeros = begun.with_columns(candidates=pl.lit(0, pl.Int64), hypervolume=pl.lit(0.0))
    drawn = pl.concat([zeros, data])
    layers: list[alt.Chart] = [*_lines(drawn, names, x, y, 0.5 if has_means else 1.2)]
    if has_means:
        together = pl.col("hypervolume").mean()
        means = drawn.group_by("series", "candidates", maintain_order=True).agg(together)
        layers += _lines(means.with_columns(search=pl.lit(MEAN)), names, x, y, 1.8)
    layers.append(_ends(data, names, x, y))
    chart = alt.LayerChart(width=_WIDTH, height=_HEIGHT)
    chart.layer = list(layers)
    return below([chart])


def cut_text(data: pl.DataFrame) -> list[str]:
    """Say where the vertical axis starts, unless it is at nothing."""
    start = _upright(data).domain[0]
    return [f"The vertical axis starts at {start:.6g}: below it lines are cut off."] * (start > 0)


def _upright(data: pl.DataFrame) -> Axis:
    """Choose the vertical axis: from 0, unless most of it would show the first rise alone."""
    is_later = pl.col("candidates") > _UNSCALED * pl.col("candidates").max()
    later = data.filter(is_later).select(mean="hypervolume")
    low, high = (float(each or 0.0) for each in (later["mean"].min(), later["mean"].max()))  # type: ignore[arg-type]
    return axis_over("Hypervolume", later, bottom=0.0 if low < high / 2 else None)


def _lines(
    data: pl.DataFrame, names: Sequence[str], x: alt.X, y: alt.Y, width: float
) -> list[alt.Chart]:
    return [
        alt.Chart(data.filter(series=name).with_columns(pl.col("hypervolume").round(6)))
        .mark_line(
            interpolate="step-after", color=style.colour, strokeDash=list(style.dash) or [1, 0],
            strokeWidth=width, clip=True, aria=False,
        )
        .encode(x=x, y=y, detail="search:N")
        for name, style in series_styles(names).items()
    ]  # fmt: skip


def _ends(data: pl.DataFrame, names: Sequence[str], x: alt.X, y: alt.Y) -> alt.Chart:
    last = data.group_by("series", "search", maintain_order=True).last()
    mark = alt.Chart(last.with_columns(pl.col("hypervolume").round(6))).mark_point()
    tips = ["series:N", "search:N", "candidates:Q", "hypervolume:Q"]
    drawn: alt.Chart = mark.encode(x=x, y=y, tooltip=tips, **look(names, "color", "shape"))
    return drawn
