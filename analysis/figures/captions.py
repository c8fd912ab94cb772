"""The words under a figure: what is shown, over how many seeds, and what is missing."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from analysis.figures.points import Spread, Trials, setting_text
from analysis.notes import sentence
from trainables.metrics import find_metric

_SPREADS = {
    "std": "one sample standard deviation over seeds to each side, cut at what is possible",
    "interval": (
        "a 95% interval of the mean (Wilson's for shares of the unlearned people, pooled over "
        "seeds; else percentile bootstrap over seeds)"
    ),
}
_MAX_NAMED = 4


def caption_of(
    what: str, description: str, trials: Trials, data: pl.DataFrame, spread: Spread, mark: str
) -> str:
    """Write what a figure of means says of itself.

    Args:
        what: is drawn, a sentence.
        description: of the experiment.
        trials: that it draws on.
        data: its points, as `analysis.figures.points.points` gives them.
        spread: what bands or bars span.
        mark: what it is shown by: `Bands` or `Bars`.
    """
    sentences = [
        what,
        *([sentence(description)] if description.strip() else []),
        f"Means over {seeds_text(data)}.",
        *how_to_read(data, spread, mark),
        *missing(trials),
    ]
    return " ".join(sentences)


def how_to_read(data: pl.DataFrame, spread: Spread, mark: str) -> list[str]:
    """Explain the signs that occur among points; see `caption_of`."""
    is_single = (data["n"] == 1).any()
    single = f"A single seed has no {mark.lower().removesuffix('s')}."
    return [
        *([f"{mark} span {_SPREADS[spread]}."] if data["low"].count() else []),
        *([single] if is_single and data["low"].count() else []),
        *_published(data),
        *_not_numbers(data),
    ]


def seeds_text(data: pl.DataFrame) -> str:
    """Say over how many seeds points are means, such as `8 to 10 seeds`."""
    counts = sorted(set(data.filter(pl.col("n") > 0)["n"]))
    if not counts:
        return "no seeds yet"
    least, most = counts[0], counts[-1]
    if least == most:
        return f"{most} seed" if most == 1 else f"{most} seeds"
    return f"{least} to {most} seeds"


def _published(data: pl.DataFrame) -> list[str]:
    if not data["published"].count():
        return []
    return ["Hollow: as published in the ECAI paper, where the settings are the same."]


def missing(trials: Trials) -> list[str]:
    """Say which trials are not finished, and which points are therefore absent."""
    rows = trials.rows
    num_done = int(rows["is_done"].sum())
    if num_done == len(rows):
        return []
    found = [f"{num_done} of {len(rows)} trials are finished."]
    by = [*trials.keys, "num_names"]
    empty = rows.group_by(by, maintain_order=True).agg(pl.col("is_done").any())
    absent = empty.filter(~pl.col("is_done")).drop("is_done").rows(named=True)
    if absent:
        named = [f"{_place(keys, trials)}" for keys in absent[:_MAX_NAMED]]
        rest = len(absent) - len(named)
        more = f" and {rest} more" if rest else ""
        found.append(f"Absent, since none of its trials is finished: {'; '.join(named)}{more}.")
    return found


def _place(keys: dict[str, Any], trials: Trials) -> str:
    number = keys.pop("num_names")
    return f"{trials.counted(number)}, {setting_text(keys)}"


def _not_numbers(data: pl.DataFrame) -> list[str]:
    rows = data.filter(pl.col("num_nan") > 0)
    if rows.is_empty():
        return []
    labels = _labels(rows["metric"].unique(maintain_order=True).to_list())
    return [f"Absent, since a trial gave no number: {len(rows)} points of {labels}."]


def _labels(metrics: Sequence[str]) -> str:
    found = [find_metric(name) for name in metrics]
    return ", ".join(metric.label for metric in found if metric)
