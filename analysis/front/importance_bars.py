"""How much each parameter decides, as bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from analysis.figures.blocks import beside
from analysis.figures.style import COLUMN_WIDTH, PAGE_WIDTH, SERIES
from analysis.front.searched import metric_of

_ROW_HEIGHT = 13
_LABEL_WIDTH = 88
_ROOM_FOR_TEXT = 1.28


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
