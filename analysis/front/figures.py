"""The figures of a search, with their words and the numbers behind them."""

from collections.abc import Sequence

import polars as pl
from altair.typing import ChartType

from analysis.figures.catalog import make_figure
from analysis.figures.figure import Figure
from analysis.figures.style import styled
from analysis.front.compare import Contest
from analysis.front.curves import curves_chart, curves_frame, cut_text
from analysis.front.hypervolume import reference_text
from analysis.front.importance import ENOUGH_CANDIDATES, MIN_CANDIDATES
from analysis.front.importance_bars import importances_chart, importances_frame
from analysis.front.parallel import lines_frame, parallel_chart
from analysis.front.pareto import counts
from analysis.front.scatter import num_outside, points_of, scatter_chart
from analysis.front.searched import metric_of
from analysis.front.view import FrontView


def figures_of_front(view: FrontView) -> list[Figure]:
    """Draw a search in every way that makes sense for what has been tried so far."""
    search = view.search
    known = [each for each in search.candidates if each.state == "complete"]
    feasible = [each for each in known if counts(each, search.goals)]
    return [
        *([_front(view)] if known else []),
        *([_hypervolume(view)] if known else []),
        *([_importances(view)] if search.importances else []),
        *([_parallel(view)] if feasible else []),
    ]


def contest_figure(contest: Contest) -> Figure:
    """Draw the hypervolume of searches over their candidates, by group.

    Raises:
        UserError: there are more groups than one figure can tell apart.
    """
    data = curves_frame(
        {(contest.group_of(v), v.search.name): v.curve[: contest.length] for v in contest.views}
    )
    has_repeats = len(contest.groups) < len(contest.views)
    lines = "A line for each search" + (
        "; of a group with several, the thick line is their mean." if has_repeats else "."
    )
    words = [lines, *cut_text(data), contest.caption, *contest.notes]
    chart = styled(curves_chart(data))
    title = "Hypervolume over candidates"
    return make_figure("searches-hypervolume", title, chart, data, " ".join(words))


def _front(view: FrontView) -> Figure:
    points = points_of(view)
    chart = styled(scatter_chart(view, points))
    outside = num_outside(view, points)
    words = [
        "A mark for each complete candidate: its means over the seeds.",
        "Bars of the front span one sample standard deviation to each side.",
        *([f"Beyond the axes: {outside}."] if outside else []),
        view.caption,
    ]
    return _figure(view, "front", "the front", chart, points, words)


def _hypervolume(view: FrontView) -> Figure:
    data = curves_frame({(view.search.sampler, view.search.name): view.curve})
    words = [
        f"The hypervolume of the feasible candidates so far, from {reference_text(view.reference)}",
        "to the best that is possible or was seen; all of it is 1.",
        *cut_text(data),
        f"Sampler {view.search.sampler}, seed {view.search.sampler_seed}.",
    ]
    chart = styled(curves_chart(data))
    return _figure(view, "hypervolume", "hypervolume over candidates", chart, data, words)


def _importances(view: FrontView) -> Figure:
    data = importances_frame(view.search.importances)
    num = sum(each.state == "complete" for each in view.search.candidates)
    left_out = [
        metric_of(name).label for name in view.search.metrics if name not in view.search.importances
    ]
    words = [
        "How much each parameter sets the best tenth of the complete candidates apart, with all",
        "that are as good as the last of it, feasible or not and for each metric by itself",
        "(PED-ANOVA, the default evaluator of Optuna; nothing in it is random).",
        *(
            [f"The best tenth of {num} is small: a hint, no more."]
            if num < ENOUGH_CANDIDATES
            else []
        ),
        *_why_left_out(left_out),
    ]
    chart = styled(importances_chart(data))
    return _figure(view, "importances", "importance of the parameters", chart, data, words)


def _why_left_out(labels: list[str]) -> list[str]:
    if not labels:
        return []
    return [
        f"Left out: {', '.join(labels)}, which fewer than {MIN_CANDIDATES} candidates have, or in "
        "which too many are equally good."
    ]


def _parallel(view: FrontView) -> Figure:
    data = lines_frame(view)
    words = [
        "A line for each feasible candidate: its settings at the left, what came of them at the",
        "right. A parameter that its condition leaves out is passed below the axis.",
        *view.rule_sentences,
    ]
    chart = styled(parallel_chart(view, data))
    return _figure(view, "parallel", "settings and results", chart, data, words)


def _figure(
    view: FrontView, name: str, title: str, chart: ChartType, data: pl.DataFrame,
    words: Sequence[str],
) -> Figure:  # fmt: skip
    search = view.search.name
    return make_figure(f"{search}-{name}", f"{search}: {title}", chart, data, " ".join(words))
