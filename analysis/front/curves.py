"""The hypervolume over candidates, and how much each parameter decides."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from analysis.figures.axes import axis_over
from analysis.figures.blocks import below, beside
from analysis.figures.lines import look
from analysis.figures.style import COLUMN_WIDTH, PAGE_WIDTH, SERIES, series_styles
from analysis.front.searched import metric_of

MEAN = "mean"
"""The column that tells the mean of several searches from each of them."""
_WIDTH, _HEIGHT = COLUMN_WIDTH - 40.0, 110.0
_UNSCALED = 0.15
"""The first candidates, as a share of all, whose hypervolume may lie below the figure."""
_ROW_HEIGHT = 13
_LABEL_WIDTH = 88
_ROOM_FOR_TEXT = 1.28


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
    y = axis_over("Hypervolume", _later(data).select(mean="hypervolume"))
    most = data.select(pl.lit(1.0).append(pl.col("candidates").cast(pl.Float64)).alias(MEAN))
    x = axis_over("Candidates", most, bottom=0.0)
    thin = 0.5 if has_means else 1.2
    layers: list[alt.Chart] = [
        *_lines(data, names, x.across("candidates"), y.channel("hypervolume"), thin)
    ]
    if has_means:
        together = pl.col("hypervolume").mean()
        means = data.group_by("series", "candidates", maintain_order=True).agg(together)
        means = means.with_columns(search=pl.lit(MEAN))
        layers += _lines(means, names, x.across("candidates"), y.channel("hypervolume"), 1.8)
    if len(names) > 1:
        layers.append(_ends(data, names, x.across("candidates"), y.channel("hypervolume")))
    chart = alt.LayerChart(width=_WIDTH, height=_HEIGHT)
    chart.layer = list(layers)
    return below([chart])


def _later(data: pl.DataFrame) -> pl.DataFrame:
    """Give the part that the vertical axis is made for: the first rise dwarfs all later ones."""
    first = _UNSCALED * pl.col("candidates").max()
    return data.filter(pl.col("candidates") > first)


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


def importances_frame(importances: Mapping[str, Mapping[str, float]]) -> pl.DataFrame:
    """Give a row for each metric and parameter, those first that decide most over all metrics.

    Returns:
        metric, parameter, share.
    """
    rows = [
        {"metric": metric, "parameter": name, "share": share}
        for metric, shares in importances.items()
        for name, share in shares.items()
    ]
    schema = {"metric": pl.String(), "parameter": pl.String(), "share": pl.Float64()}
    found = pl.DataFrame(rows, schema=schema)
    total = pl.col("share").sum().over("parameter")
    return found.sort(total, "parameter", descending=[True, False], maintain_order=True)


def importances_chart(data: pl.DataFrame) -> alt.HConcatChart:
    """Draw the shares of each metric beside each other, as bars."""
    metrics = data["metric"].unique(maintain_order=True).to_list()
    parameters = data["parameter"].unique(maintain_order=True).to_list()
    room = (COLUMN_WIDTH if len(metrics) == 1 else PAGE_WIDTH) - _LABEL_WIDTH
    width = round(min(room / len(metrics) - 8.0, 150.0), 1)
    height = _ROW_HEIGHT * len(parameters)
    panels = [
        _bars(data.filter(metric=metric), parameters, (width, height), is_first=i == 0)
        for i, metric in enumerate(metrics)
    ]
    return beside(panels, spacing=8)


def _bars(
    data: pl.DataFrame, parameters: Sequence[str], size: tuple[float, float], *, is_first: bool
) -> alt.LayerChart:
    axis: dict[str, Any] = {"labelLimit": _LABEL_WIDTH, "ticks": False, "domain": False}
    y = alt.Y("parameter:N", title=None, sort=list(parameters), axis=axis if is_first else None)
    scale = {"domain": [0, _ROOM_FOR_TEXT], "nice": False}
    x = alt.X("share:Q", axis=None, scale=scale)
    shown = data.with_columns(pl.col("share").round(4))
    base = alt.Chart(shown).encode(x=x, y=y)
    bar = base.mark_bar(color=SERIES[0].colour, height=_ROW_HEIGHT - 5)
    text = base.mark_text(align="left", dx=3, aria=False)
    label = metric_of(data["metric"][0]).label
    title = {"text": label, "fontSize": 8}
    chart = alt.LayerChart(width=size[0], height=size[1], title=title)
    chart.layer = [
        bar.encode(tooltip=["parameter:N", alt.Tooltip("share:Q", format=".1%")]),
        text.encode(text=alt.Text("share:Q", format=".0%")),
    ]
    return chart
