"""Parallel coordinates: each candidate as a line through its settings and what came of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from analysis.figures.style import FAINT, INK, PAGE_WIDTH, SERIES
from analysis.front.candidates import Candidate
from analysis.front.importance import shown
from analysis.front.pareto import counts
from analysis.front.scatter import CHOSEN, DOMINATED, FRONT, kind_of
from analysis.front.searched import Scale, Searched, metric_of
from analysis.front.view import FrontView
from analysis.numbers import MISSING, mean_text

_KINDS = {DOMINATED: ("#C8C8C8", 0.5), FRONT: (SERIES[0].colour, 1.1), CHOSEN: (INK, 2.2)}
_ABSENT = -0.16
"""Where a line passes whose candidate has no such parameter."""
_HEIGHT = 120


@dataclass(frozen=True, kw_only=True)
class Upright:
    """One of the axes.

    Attributes:
        name: of the parameter or metric.
        title: its heading.
        ends: what stands at each height, by the height from 0 to 1.
    """

    name: str
    title: str
    ends: tuple[tuple[float, str], ...]


def lines_frame(view: FrontView) -> pl.DataFrame:
    """Give a row for each feasible candidate and axis.

    Returns:
        candidate, kind, axis (a parameter or objective), value as text, height.
    """
    search = view.search
    drawn = [each for each in search.candidates if counts(each, search.goals)]
    ranges = {goal.metric: _range(drawn, goal.metric) for goal in search.goals}
    rows: list[dict[str, Any]] = []
    for each in drawn:
        here = {"candidate": each.number, "kind": kind_of(each, view)}
        of_params = (_of_parameter(each, scale) for scale in search.scales)
        of_goals = (_of_metric(each, name, *ends) for name, ends in ranges.items())
        rows += [here | place for place in (*of_params, *of_goals)]
    schema = {"candidate": pl.Int64, "kind": pl.String, "axis": pl.String, "value": pl.String}
    return pl.DataFrame(rows, schema=schema | {"height": pl.Float64})


def _of_parameter(candidate: Candidate, scale: Scale) -> dict[str, Any]:
    if scale.name not in candidate.params:
        return {"axis": scale.name, "value": MISSING, "height": _ABSENT}
    value = candidate.params[scale.name]
    return {"axis": scale.name, "value": shown(value), "height": _height(value, scale)}


def _of_metric(candidate: Candidate, name: str, low: float, high: float) -> dict[str, Any]:
    mean = candidate.mean[name]
    height = (mean - low) / (high - low) if high > low else 0.5
    value = mean_text(mean, metric_of(name).unit, finely=True)
    return {"axis": name, "value": value, "height": height}


def _height(value: Any, scale: Scale) -> float:
    if scale.choices:
        return _of_choice(scale.choices.index(shown(value)), len(scale.choices))
    assert scale.low is not None
    assert scale.high is not None
    low, high = scale.low, scale.high
    if low == high:
        return 0.5
    if scale.log:
        return math.log(value / low) / math.log(high / low)
    return float((value - low) / (high - low))


def _of_choice(index: int, num_choices: int) -> float:
    return index / (num_choices - 1) if num_choices > 1 else 0.5


def _range(candidates: Sequence[Candidate], metric: str) -> tuple[float, float]:
    values = [each.mean[metric] for each in candidates]
    return min(values), max(values)


def _uprights(search: Searched, drawn: pl.DataFrame) -> list[Upright]:
    found = [
        Upright(name=scale.name, title=scale.name, ends=_ends(scale) + _absent(scale, drawn))
        for scale in search.scales
    ]
    for goal in search.goals:
        at = drawn.filter(axis=goal.metric).sort("height")
        low, high = at["value"][0], at["value"][-1]
        ends = ((0.0, low), (1.0, high)) if low != high else ((0.5, low),)
        title = f"{goal.label} {goal.arrow}"
        found.append(Upright(name=goal.metric, title=title, ends=ends))
    return found


def _ends(scale: Scale) -> tuple[tuple[float, str], ...]:
    if scale.choices:
        heights = (_of_choice(i, len(scale.choices)) for i in range(len(scale.choices)))
        return tuple(zip(heights, scale.choices, strict=True))
    if scale.low == scale.high:
        return ((0.5, shown(scale.low)),)
    return ((0.0, shown(scale.low)), (1.0, shown(scale.high)))


def _absent(scale: Scale, drawn: pl.DataFrame) -> tuple[tuple[float, str], ...]:
    is_absent = len(drawn.filter((pl.col("axis") == scale.name) & (pl.col("height") == _ABSENT)))
    return ((_ABSENT, MISSING),) if is_absent else ()


def parallel_chart(view: FrontView, lines: pl.DataFrame) -> alt.LayerChart:
    """Draw the feasible candidates, of which there is at least one; the front above the others."""
    uprights = _uprights(view.search, lines)
    titles = {each.name: each.title for each in uprights}
    x = _across(list(titles.values()))
    y = alt.Y("height:Q", axis=None, scale={"domain": [_ABSENT - 0.04, 1.08], "nice": False})
    drawn = lines.with_columns(pl.col("axis").replace(titles), pl.col("height").round(4))
    rules = pl.DataFrame({"axis": list(titles.values()), "height": 0.0, "top": 1.0})
    rule = alt.Chart(rules).mark_rule(color=FAINT, strokeWidth=0.6, aria=False)
    kinds = [kind for kind in _KINDS if kind in set(lines["kind"])]
    chart = alt.LayerChart(width=PAGE_WIDTH - 50, height=_HEIGHT)
    chart.layer = [
        *(_line(drawn, kinds, kind, x, y) for kind in kinds),
        rule.encode(x=x, y=y, y2="top:Q"),
        *_labels(uprights, x, y),
    ]
    return chart


def _across(titles: Sequence[str]) -> alt.X:
    axis: dict[str, Any] = {
        "title": None, "labelAngle": -30, "labelLimit": 0, "ticks": False, "domain": False,
    }  # fmt: skip
    return alt.X("axis:N", sort=list(titles), axis=axis, scale={"type": "point", "padding": 0.3})


def _line(lines: pl.DataFrame, kinds: Sequence[str], kind: str, x: alt.X, y: alt.Y) -> alt.Chart:
    colours = {"domain": kinds, "range": [_KINDS[each][0] for each in kinds]}
    legend = {"symbolType": "stroke", "symbolStrokeWidth": 2}
    # One layer each: an encoding of widths would not keep the front above the others.
    mark = alt.Chart(lines.filter(kind=kind)).mark_line(strokeWidth=_KINDS[kind][1], aria=False)
    drawn: alt.Chart = mark.encode(
        x=x,
        y=y,
        detail="candidate:N",
        color=alt.Color("kind:N", title=None, scale=colours, legend=legend),
        tooltip=["candidate:Q", "kind:N", "axis:N", "value:N"],
    )
    return drawn


def _labels(uprights: Sequence[Upright], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    rows = [
        {"axis": each.title, "height": height, "value": text}
        for each in uprights
        for height, text in each.ends
    ]
    place: dict[str, Any] = {"align": "left", "dx": 2, "aria": False}
    text = alt.Chart(pl.DataFrame(rows)).encode(x=x, y=y, text="value:N")
    return [
        text.mark_text(stroke="white", strokeWidth=2.5, **place),
        text.mark_text(**place),
    ]
