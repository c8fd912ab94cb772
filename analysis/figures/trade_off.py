"""What forgetting costs: who is still inferred against how close clean embeddings stay."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from analysis.figures.axes import Axis, axis_over
from analysis.figures.blocks import Grid, arrange, block, grid_of, layered
from analysis.figures.effectiveness import at, of_metrics
from analysis.figures.lines import dashed, look
from analysis.figures.points import Spread, Trials, points
from analysis.figures.style import INK
from analysis.settings import BETAS, beta_text, value_text
from trainables.config import IMAGE_PREFIX, PROCEDURE_FIELDS
from trainables.metrics import METRICS

X, Y = "sim_clean", "idia_tpr"
_MIN_SETTINGS = 3
_SIZES = (8, 18, 32, 50, 72, 98)
_ENDS = ("mean", "low", "high")


def has_trade_off(trials: Trials) -> bool:
    """Say whether some model is trained in enough ways to look for the best of them."""
    how = [key for key in trials.keys if key.removeprefix(IMAGE_PREFIX) in PROCEDURE_FIELDS]
    what = [key for key in trials.keys if key not in how]
    groups = trials.rows.partition_by(what) if what else [trials.rows]
    num_ways = max(group.select(how).n_unique() for group in groups)
    return trials.has(X) and trials.has(Y) and num_ways >= _MIN_SETTINGS


def points_of(trials: Trials, spread: Spread) -> pl.DataFrame:
    """Give both metrics of each setting, below each other; what a paper prints is not drawn."""
    return points(trials, [X, Y], spread).with_columns(published=pl.lit(None, pl.Float64))


def series_names(trials: Trials) -> list[str]:
    """Name the series: the weight regularizations."""
    first, _ = _split(trials)
    return [_text(row, first) for row in trials.settings(first)]


def data_of(trials: Trials, spread: Spread) -> pl.DataFrame:
    """Give a row for each setting and number of names: both metrics with what bars span."""
    found = points_of(trials, spread)
    by = [*trials.keys, "num_names"]
    rows = found.select(by).unique(maintain_order=True).rows(named=True)
    first, rest = _split(trials)
    labels = pl.DataFrame(
        {
            "series": [_text(row, first) for row in rows],
            "point": [_text(row, rest) for row in rows],
        }
    )
    wide = pl.DataFrame(rows, schema={name: found.schema[name] for name in by}).hstack(labels)
    for metric in (X, Y):
        columns = {name: f"{metric}_{name}" for name in _ENDS}
        of_metric = of_metrics(found, [metric]).select(*by, "n", *_ENDS).rename(columns)
        of_metric = of_metric.rename({"n": f"{metric}_n"})
        wide = wide.join(of_metric, by, how="left", nulls_equal=True, maintain_order="left")
    return wide


def _split(trials: Trials) -> tuple[list[str], list[str]]:
    """Choose the setting that series are told apart by, and those that their points are."""
    others = [key for key in trials.keys if key not in BETAS]
    betas = [key for key in trials.keys if key in BETAS]
    return (betas, others) if others else (betas, [])


def _text(row: dict[str, Any], keys: Sequence[str]) -> str:
    chosen = {key: row[key] for key in keys}
    if "beta" in chosen:
        return beta_text(chosen)
    return ", ".join(value_text(value) for value in chosen.values() if value is not None)


def trade_off_chart(trials: Trials, data: pl.DataFrame) -> alt.VConcatChart:
    """Draw a panel for each number of names, whose best corner is at the lower right.

    Raises:
        UserError: there are more series than one can tell apart.
    """
    numbers = sorted(set(data["num_names"]))
    grid = grid_of(len(numbers), 1, len(numbers))
    x = _axis("Sim Clean", data, X)
    y = Axis(title=METRICS[Y].label, domain=(0.0, 1.0), step=0.25, is_share=True)
    series = series_names(trials)
    sizes = _sizes(trials, data)
    blocks = []
    for number in numbers:
        here = at(data, {"num_names": number})
        blocks.append(
            block([_panel(here, x, y, series, sizes, grid)], trials.counted(number), grid)
        )
    return arrange(blocks, grid)


def _sizes(trials: Trials, data: pl.DataFrame) -> dict[str, alt.Size]:
    """Tell the points of a series apart by their size, if they are few."""
    _, names = _split(trials)
    values = data["point"].unique(maintain_order=True).to_list()
    if not 1 < len(values) <= len(_SIZES):
        return {}
    scale = {"domain": values, "range": list(_SIZES[: len(values)])}
    legend = {"symbolFillColor": INK, "symbolStrokeWidth": 0, "titleOrient": "left"}
    title = ", ".join(name.replace("_", " ") for name in names)
    return {"size": alt.Size("point:N", title=title, scale=scale, legend=legend)}


def _panel(
    data: pl.DataFrame,
    x: Axis,
    y: Axis,
    series: Sequence[str],
    sizes: dict[str, alt.Size],
    grid: Grid,
) -> alt.LayerChart:
    columns = [name for name in data.columns if name.startswith((X, Y))]
    drawn = data.select("series", "point", pl.col(columns).cast(pl.Float64).round(6))
    base = alt.Chart(drawn.with_row_index("order"))
    colour = look(series, "color")
    wide = base.mark_rule(aria=False).encode(
        x=x.across(f"{X}_low"), x2=f"{X}_high:Q", y=y.channel(f"{Y}_mean"), **colour
    )
    tall = base.mark_rule(aria=False).encode(
        x=x.across(f"{X}_mean"), y=y.channel(f"{Y}_low"), y2=f"{Y}_high:Q", **colour
    )
    mean = base.encode(x=x.across(f"{X}_mean"), y=y.channel(f"{Y}_mean"))
    lines = dashed(mean.encode(order="order:Q"), series, set(data["series"]))
    tips = ["series:N", "point:N", *(f"{name}:Q" for name in columns)]
    mark = mean.mark_point().encode(tooltip=tips, **sizes, **look(series, "color", "shape"))
    layers = [wide, tall, *lines, mark]
    return layered(layers, grid)


def _axis(title: str, data: pl.DataFrame, metric: str) -> Axis:
    renamed = data.select(**{name: pl.col(f"{metric}_{name}") for name in _ENDS})
    return axis_over(title, renamed, top=1.0)
