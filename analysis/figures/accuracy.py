"""Zero-shot accuracy by the number of names or by the neutral term, beside the original model's."""

from dataclasses import replace

import altair as alt
import polars as pl

from analysis.figures.axes import axis_over
from analysis.figures.blocks import Grid, arrange, block, grid_of
from analysis.figures.effectiveness import at, block_keys, in_order, led, of_metrics
from analysis.figures.lines import panel
from analysis.figures.points import Spread, Trials, points
from analysis.figures.style import ORIGINAL
from analysis.settings import BETAS, beta_text, regularization_text

TOPS = {"zeroshot_top1": "Top-1 accuracy", "zeroshot_top5": "Top-5 accuracy"}
AXIS_WIDTH = 47
"""Labels have as many signs as `79.5%`."""


def data_of(trials: Trials, x: str, spread: Spread) -> pl.DataFrame:
    """Give the points of all panels, with the original model's accuracy in `original`.

    Args:
        trials: of all settings.
        x: the setting that they are drawn against: `num_names` or `neutral_term`.
        spread: what bands span.
    """
    tops = [name for name in TOPS if trials.has(name)]
    found = points(trials, tops, spread)
    betas = [key for key in trials.keys if key in BETAS]
    series = _series(trials, betas)
    names = [series[tuple(row)] for row in found.select(betas).iter_rows()]
    found = in_order(found.with_columns(series=pl.Series(names, dtype=pl.String)), trials, x)
    return found.join(_originals(trials, x, tops), [*setting_keys(trials, x), "metric"], how="left",
                      nulls_equal=True, maintain_order="left")  # fmt: skip


def setting_keys(trials: Trials, x: str) -> list[str]:
    """List the settings that blocks are told apart by: all but the weight regularization."""
    return [key for key in block_keys(trials, x) if key not in BETAS]


def _series(trials: Trials, betas: list[str]) -> dict[tuple[float | None, ...], str]:
    """Name the series: with and without where a setting has one of each, else by their weights."""
    is_plain = pl.all_horizontal(pl.col(beta).fill_null(0) == 0 for beta in betas)
    others = [key for key in trials.keys if key not in BETAS]
    regularized = trials.rows.filter(~is_plain).select(*others, *betas).unique()
    num_others = regularized.select(pl.struct(others).n_unique() if others else 1).item()
    text = regularization_text if len(regularized) <= num_others else beta_text
    found = trials.rows.select(betas).unique().sort(betas).rows(named=True)
    return {tuple(each.values()): text(each) for each in found}


def series_names(trials: Trials) -> list[str]:
    """Name the series: one for each weight regularization."""
    betas = [key for key in trials.keys if key in BETAS]
    return list(dict.fromkeys(_series(trials, betas).values()))


def _originals(trials: Trials, x: str, tops: list[str]) -> pl.DataFrame:
    by = setting_keys(trials, x)
    before = [pl.col(f"{top}_before").mean().fill_nan(None).alias(top) for top in tops]
    means = trials.rows.group_by(by).agg(before) if by else trials.rows.select(before)
    return means.unpivot(tops, index=by, variable_name="metric", value_name="original")


def accuracy_chart(
    trials: Trials, x: str, data: pl.DataFrame, grid: Grid | None = None, lead: str = ""
) -> alt.VConcatChart:
    """Draw a block for each setting but the weight regularization: top-1 and top-5.

    Args:
        trials: of all settings.
        x: the setting that they are drawn against.
        data: of `data_of`.
        grid: the layout; by default one that fits.
        lead: begins each block's title, or is that of a single one.
    """
    settings = trials.settings(setting_keys(trials, x))
    tops = {name: label for name, label in TOPS.items() if trials.has(name)}
    grid = grid or replace(grid_of(len(settings), len(tops), 2), axis_width=AXIS_WIDTH)
    names = series_names(trials)
    if data["original"].count():
        names.append(ORIGINAL)
    blocks = []
    for keys in settings:
        panels = []
        for name, label in tops.items():
            here = of_metrics(at(data, keys), [name])
            axis = axis_over(label, here, is_share=True)
            panels.append(panel(here, x, trials.noun, axis, names, grid))
        blocks.append(block(panels, led(lead, keys, settings), grid))
    return arrange(blocks, grid)
