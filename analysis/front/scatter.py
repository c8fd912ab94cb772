"""The front as a picture: each pair of objectives, all candidates, and which was chosen."""

import itertools
import math
from typing import Any, Literal

import altair as alt
import polars as pl

from analysis.figures.axes import Axis, axis_over
from analysis.figures.blocks import Grid, arrange, below
from analysis.figures.style import COLUMN_WIDTH, INK, PAGE_WIDTH, SERIES
from analysis.front.candidates import Candidate
from analysis.front.curves import MIN_CANDIDATES
from analysis.front.pareto import counts
from analysis.front.searched import Goal, metric_of
from analysis.front.view import FrontView

INFEASIBLE, DOMINATED, FRONT, CHOSEN = "infeasible", "dominated", "front", "chosen"
KINDS = (INFEASIBLE, DOMINATED, FRONT, CHOSEN)
"""What a candidate is, in the order of drawing."""
GREY, LIGHT = "#8C8C8C", "#BDBDBD"
_FILLS = ("white", LIGHT, SERIES[0].colour, INK)
_STROKES = (GREY, LIGHT, SERIES[0].colour, "white")
_SHAPES = ("circle", "circle", "circle", "diamond")
_SIZES = (16, 16, 26, 90)
_BOUNDS = {"share": (0.0, 1.0), "similarity": (-1.0, 1.0)}
_IN_ROW = 3
_NUMBER = "candidate"
Step = Literal["step-before", "step-after"]


def kind_of(candidate: Candidate, view: FrontView) -> str:
    """Say what a complete candidate is."""
    if candidate.number == view.chosen:
        return CHOSEN
    if candidate in view.front:
        return FRONT
    return DOMINATED if counts(candidate, view.search.goals) else INFEASIBLE


def points_of(view: FrontView) -> pl.DataFrame:
    """Give a row for each complete candidate.

    Returns:
        candidate, kind (one of `KINDS`), and for each objective its mean, and as METRIC_low and
        METRIC_high the ends of a deviation to each side, of the front only.
    """
    complete = [each for each in view.search.candidates if each.state == "complete"]
    rows = []
    for each in complete:
        kind = kind_of(each, view)
        row: dict[str, Any] = {_NUMBER: each.number, "kind": kind}
        for goal in view.search.goals:
            row |= _ends(each, goal, has_bars=kind in (FRONT, CHOSEN))
        rows.append(row)
    names = [goal.metric for goal in view.search.goals]
    schema: dict[str, pl.DataType] = {_NUMBER: pl.Int64(), "kind": pl.String()}
    schema |= {f"{name}{end}": pl.Float64() for name in names for end in ("", "_low", "_high")}
    return pl.DataFrame(rows, schema=schema)


def _ends(candidate: Candidate, goal: Goal, *, has_bars: bool) -> dict[str, float | None]:
    name = goal.metric
    mean, std = candidate.mean.get(name, math.nan), candidate.std.get(name, math.nan)
    ends: dict[str, float | None] = {name: mean if math.isfinite(mean) else None}
    if has_bars and math.isfinite(std):
        least, most = _BOUNDS.get(metric_of(name).unit, (-math.inf, math.inf))
        ends |= {f"{name}_low": max(least, mean - std), f"{name}_high": min(most, mean + std)}
    return ends


def scatter_chart(view: FrontView, points: pl.DataFrame) -> alt.VConcatChart:
    """Draw a panel for each pair of objectives, or one objective over the candidates."""
    goals = view.search.goals
    names = [goal.metric for goal in goals]
    axes = {goal.metric: _axis(points, goal) for goal in goals}
    if len(goals) == 1:
        numbers = points.select(mean=pl.col(_NUMBER).cast(pl.Float64))
        axes[_NUMBER] = axis_over("Candidate", numbers, bottom=0.0, top=MIN_CANDIDATES)
        names.insert(0, _NUMBER)
    pairs = list(itertools.combinations(names, 2))
    size = _size(len(pairs))
    step = _step(goals[0]) if len(goals) == 2 else None
    panels = [_panel(points, axes, pair, size, step) for pair in pairs]
    if len(panels) == 1:
        return below(panels)
    rows = [below([panel]) for panel in panels]
    return arrange(rows, Grid(columns=_IN_ROW, panels=1, is_stacked=False, width=PAGE_WIDTH))


def _size(num_pairs: int) -> tuple[float, float]:
    if num_pairs == 1:
        return COLUMN_WIDTH - 44.0, 150.0
    return round(PAGE_WIDTH / _IN_ROW - 44.0, 1), 110.0


def _axis(points: pl.DataFrame, goal: Goal) -> Axis:
    """Choose an axis over the front and what is feasible and near; of nothing feasible, over all.

    Near is what Tukey's rule takes for no outlier at the worse end: else one bad candidate would
    press the front into a corner.
    """
    feasible = points.filter(pl.col("kind") != INFEASIBLE)
    is_front = pl.col("kind").is_in([FRONT, CHOSEN])
    shown = feasible.filter(is_front | _is_near(goal)) if len(feasible) else points
    ends = {end: f"{goal.metric}_{end}" for end in ("low", "high")} | {"mean": goal.metric}
    data = shown.select(**{end: pl.col(name) for end, name in ends.items()})
    is_share = metric_of(goal.metric).unit == "share"
    unit = {"seconds": " (s)", "joules": " (J)"}.get(metric_of(goal.metric).unit, "")
    return axis_over(f"{goal.label}{unit} {goal.arrow}", data, is_share=is_share)


def _is_near(goal: Goal) -> pl.Expr:
    value = pl.col(goal.metric)
    first, third = value.quantile(0.25, "linear"), value.quantile(0.75, "linear")
    reach = 1.5 * (third - first)
    return value >= first - reach if goal.maximize else value <= third + reach


def num_outside(view: FrontView, points: pl.DataFrame) -> int:
    """Count the candidates that lie beyond the axes: those far worse than the others."""
    outside = pl.lit(value=False)
    for goal in view.search.goals:
        low, high = _axis(points, goal).domain
        outside |= ~pl.col(goal.metric).is_between(low, high)
    return int(points.select(outside.fill_null(value=False).sum()).item())


def _step(goal: Goal) -> Step:
    """Say where the line steps between points: at no point does it promise what none has."""
    return "step-before" if goal.maximize else "step-after"


def _panel(
    points: pl.DataFrame,
    axes: dict[str, Axis],
    pair: tuple[str, str],
    size: tuple[float, float],
    step: Step | None,
) -> alt.LayerChart:
    x, y = pair
    columns = [name for name in points.columns if name.startswith(pair)]
    rounded = pl.col(pl.Float64).round(6)
    chosen_columns = dict.fromkeys([_NUMBER, "kind", *columns])
    inside = [pl.col(name).is_between(*axes[name].domain) for name in pair]
    # Not clipped: a mark that lies on an axis, as of 100%, is shown whole.
    data = points.select(chosen_columns.keys()).filter(*inside).with_columns(rounded)
    front = data.filter(pl.col("kind").is_in([FRONT, CHOSEN]))
    layers = []
    if step:
        line = alt.Chart(front).mark_line(interpolate=step, color=SERIES[0].colour, aria=False)
        layers.append(line.encode(x=axes[x].across(x), y=axes[y].channel(y)))
    layers += _bars(front, axes, x, y)
    layers += _marks(data, axes, x, y)
    layers.append(_name(front, axes, x, y))
    chart = alt.LayerChart(width=size[0], height=size[1])
    chart.layer = layers
    return chart


def _bars(front: pl.DataFrame, axes: dict[str, Axis], x: str, y: str) -> list[alt.Chart]:
    base = alt.Chart(front).mark_rule(color=SERIES[0].colour, strokeWidth=0.5, aria=False)
    found = []
    if f"{x}_low" in front.columns:
        wide = {"x": axes[x].across(f"{x}_low"), "x2": f"{x}_high:Q", "y": axes[y].channel(y)}
        found.append(base.encode(**wide))
    tall = {"x": axes[x].across(x), "y": axes[y].channel(f"{y}_low"), "y2": f"{y}_high:Q"}
    return [*found, base.encode(**tall)]


def _marks(data: pl.DataFrame, axes: dict[str, Axis], x: str, y: str) -> list[alt.Chart]:
    kinds = [kind for kind in KINDS if kind in set(data["kind"])]
    look: dict[str, Any] = {"x": axes[x].across(x), "y": axes[y].channel(y)}
    for kind, values in ((alt.Fill, _FILLS), (alt.Stroke, _STROKES), (alt.Shape, _SHAPES)):
        scale = {"domain": kinds, "range": [values[KINDS.index(each)] for each in kinds]}
        look[kind.__name__.lower()] = kind("kind:N", title=None, scale=scale)
    tips = [f"{_NUMBER}:Q", "kind:N", *(f"{name}:Q" for name in (x, y) if name != _NUMBER)]
    # One layer each, so that those of the front lie above the others.
    return [
        alt.Chart(data.filter(kind=kind))
        .mark_point(size=_SIZES[KINDS.index(kind)], strokeWidth=0.7)
        .encode(tooltip=tips, **look)
        for kind in kinds
    ]


def _name(front: pl.DataFrame, axes: dict[str, Axis], x: str, y: str) -> alt.Chart:
    """Write the number of the chosen candidate beside its mark."""
    text = alt.Chart(front.filter(kind=CHOSEN))
    mark = text.mark_text(align="left", baseline="bottom", dx=4, dy=-2, aria=False)
    drawn: alt.Chart = mark.encode(x=axes[x].across(x), y=axes[y].channel(y), text=f"{_NUMBER}:Q")
    return drawn
