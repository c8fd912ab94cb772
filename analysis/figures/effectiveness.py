"""What becomes of people and embeddings, by the number of names or by the neutral term."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import polars as pl

from analysis.figures.axes import Axis, axis_over
from analysis.figures.blocks import Grid, arrange, block, grid_of
from analysis.figures.lines import panel
from analysis.figures.points import Spread, Trials, points, setting_text, title_of
from analysis.layout import Key
from analysis.settings import BETAS
from trainables.config import IMAGE_PREFIX
from trainables.metrics import METRICS

SHARES = ("idia_tpr", "idia_fnr", "others_tpr")
SIMILARITIES = ("sim_clean", "sim_backdoor", "sim_target")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Metrics that share a panel.

    Attributes:
        title: of its axis.
        series: the metrics, and what the legend calls them.
        is_share: whether they are in per cent.
    """

    title: str
    series: dict[str, str]
    is_share: bool


def groups_of(trials: Trials) -> list[Group]:
    """List the panels of each setting: shares of people, similarities, those of images as well."""
    is_both = "both" in trials.rows["encoder"]
    images = tuple(IMAGE_PREFIX + name for name in SIMILARITIES) if is_both else ()
    panels = (
        ("Share of people", SHARES, True),
        ("Cosine, texts" if is_both else "Cosine", SIMILARITIES, False),
        ("Cosine, images", images, False),
    )
    found = []
    for title, names, is_share in panels:
        series = {name: _label(name) for name in names if trials.has(name)}
        if series:
            found.append(Group(title=title, series=series, is_share=is_share))
    return found


def _label(name: str) -> str:
    return METRICS[name.removeprefix(IMAGE_PREFIX)].label


def data_of(trials: Trials, x: str, spread: Spread) -> pl.DataFrame:
    """Give the points of all panels.

    Args:
        trials: of all settings.
        x: the setting that they are drawn against: `num_names` or `neutral_term`.
        spread: what bands span.
    """
    labels = {name: label for group in groups_of(trials) for name, label in group.series.items()}
    series = pl.col("metric").replace_strict(labels, return_dtype=pl.String)
    return in_order(points(trials, list(labels), spread).with_columns(series=series), trials, x)


def in_order(data: pl.DataFrame, trials: Trials, x: str) -> pl.DataFrame:
    """Put points in the order of what they are drawn against: numbers rise, terms as they come."""
    order = trials.rows[x].unique(maintain_order=True)
    placed = data.with_columns(x=pl.col(x))
    if x == "num_names":
        return placed.sort("x", maintain_order=True)
    return placed.sort(pl.col("x").cast(pl.Enum(order.drop_nulls())), maintain_order=True)


def block_keys(trials: Trials, x: str) -> list[str]:
    """List the settings that blocks of panels are told apart by."""
    varies = x != "num_names" and trials.rows["num_names"].n_unique() > 1
    return [*(["num_names"] if varies else []), *(key for key in trials.keys if key != x)]


def effectiveness_chart(
    trials: Trials, x: str, data: pl.DataFrame, grid: Grid | None = None, lead: str = ""
) -> alt.VConcatChart:
    """Draw a block of panels for each setting: attack and similarities.

    Args:
        trials: of all settings.
        x: the setting that they are drawn against.
        data: of `data_of`.
        grid: the layout; by default one that fits.
        lead: begins each block's title, or is that of a single one.
    """
    groups = groups_of(trials)
    settings = trials.settings(block_keys(trials, x))
    num_together = len({tuple(keys.get(beta) for beta in BETAS) for keys in settings})
    grid = grid or grid_of(len(settings), len(groups), num_together)
    axes = [_axis(group, data) for group in groups]
    names = list(dict.fromkeys(label for group in groups for label in group.series.values()))
    blocks = []
    for keys in settings:
        here = at(data, keys)
        panels = [
            panel(of_metrics(here, group.series), x, trials.noun, axis, names, grid)
            for group, axis in zip(groups, axes, strict=True)
        ]
        blocks.append(block(panels, led(lead, keys, settings), grid))
    return arrange(blocks, grid)


def led(lead: str, keys: dict[str, Key], settings: Sequence[dict[str, Key]]) -> str:
    """Head a block: by its setting, or by a lead that says what a single block shows."""
    if not lead:
        return title_of(keys)
    return lead if len(settings) == 1 else f"{lead}: {setting_text(keys)}"


def _axis(group: Group, data: pl.DataFrame) -> Axis:
    if group.is_share:
        return Axis(title=group.title, domain=(0.0, 1.0), step=0.25, is_share=True)
    return axis_over(group.title, of_metrics(data, group.series), top=1.0)


def of_metrics(data: pl.DataFrame, metrics: Sequence[str] | dict[str, str]) -> pl.DataFrame:
    """Keep the points of some metrics."""
    return data.filter(pl.col("metric").is_in(list(metrics)))


def at(data: pl.DataFrame, keys: dict[str, Key]) -> pl.DataFrame:
    """Keep the points of a setting."""
    return data.filter(*(pl.col(name).eq_missing(pl.lit(value)) for name, value in keys.items()))
