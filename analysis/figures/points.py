"""Trials -> the points of figures: each metric's mean over seeds, with what its band spans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from analysis.cells import measured_cells
from analysis.comparable import Comparable
from analysis.experiment import Experiment
from analysis.layout import Cell, Key
from analysis.runs import finished
from analysis.settings import (
    BETAS,
    betas_of,
    other_texts,
    setting_title,
    varying_settings,
    wanted_trials,
)
from trainables.metrics import Metric, find_metric

Spread = Literal["std", "interval"]
"""What a band spans: a sample standard deviation to each side, or a 95% interval of the mean."""
SPREADS: tuple[Spread, ...] = ("std", "interval")

_BOUNDS = {"share": (0.0, 1.0), "similarity": (-1.0, 1.0)}
_NUMBERS = ("mean", "std", "low", "high", "published")
_COUNTS = ("n", "num_nan", "num_expected")


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """The trials that a figure draws on.

    Attributes:
        rows: one for each expected trial: its settings, and its metrics and machine where it is
            finished.
        keys: the settings by which they are told apart, seed and number of names aside; those of
            the weight regularization come last.
    """

    rows: pl.DataFrame
    keys: tuple[str, ...]

    @classmethod
    def of(cls, *experiments: Experiment) -> "Trials":
        """Gather the trials of experiments, each once."""
        found = [_expected_and_measured(experiment) for experiment in experiments]
        rows = pl.concat(found, how="diagonal_relaxed")
        return cls.among(rows.unique("trial_key", keep="first", maintain_order=True))

    @classmethod
    def among(cls, rows: pl.DataFrame) -> "Trials":
        """Tell the rows of trials apart by what varies among them."""
        return cls(rows=rows, keys=(*varying_settings(rows), *betas_of(rows)))

    def only(self, *where: pl.Expr) -> "Trials":
        """Keep some of the trials."""
        return self.among(self.rows.filter(*where))

    def settings(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """List the combinations of some settings as they first come, those of BETAS rising."""
        if not names:
            return [{}]
        others = [name for name in names if name not in BETAS]
        betas = [name for name in names if name in BETAS]
        found = self.rows.select(names).unique(maintain_order=True).with_row_index("_at")
        if others:
            found = found.with_columns(pl.col("_at").min().over(others))
        else:
            found = found.with_columns(_at=pl.lit(0))
        return found.sort("_at", *betas).drop("_at").rows(named=True)

    def has(self, metric: str) -> bool:
        """Say whether any finished trial has a metric."""
        return metric in self.rows.columns and self.rows[metric].count() > 0

    @property
    def noun(self) -> str:
        """What is unlearned, in the plural."""
        encoders = set(self.rows["encoder"])
        return {("text",): "names", ("image",): "faces"}.get(tuple(encoders), "people")

    def counted(self, number: int) -> str:
        """Say how many are unlearned, such as `1 name`."""
        singular = {"people": "person"}.get(self.noun, self.noun.removesuffix("s"))
        return f"{number} {singular if number == 1 else self.noun}"


def _expected_and_measured(experiment: Experiment) -> pl.DataFrame:
    measured = finished(experiment.frame)
    metrics = [name for name in measured.columns if find_metric(name)]
    wanted = wanted_trials(experiment.frame, experiment.expected)
    done = measured.select("trial_key", *metrics, "device", "cpu", "gpus", is_done=True)
    found = wanted.join(done, "trial_key", how="left", maintain_order="left")
    return found.with_columns(pl.col("is_done").fill_null(False))


def points(trials: Trials, metrics: Sequence[str], spread: Spread = "std") -> pl.DataFrame:
    """Summarise metrics over seeds.

    Args:
        trials: of all settings.
        metrics: the names of those that are drawn.
        spread: what low and high are.

    Returns:
        A row for each setting, number of names and metric: `trials.keys`, num_names, metric, mean,
        std, low, high, published, n, num_nan, num_expected. Mean is null where no trial is
        finished or one has no number; low and high are null where n < 2, published where the
        paper prints nothing or for other settings.
    """
    by = [*trials.keys, "num_names"]
    columns = [metric for metric in map(find_metric, metrics) if metric]
    units = {metric.name: metric for metric in columns}
    cells = measured_cells(trials.rows, by, columns, intervals=spread == "interval")
    comparable = Comparable(trials.rows, by)
    rows: list[dict[str, Any]] = []
    for (*at, last), measured in cells.items():
        metric = units[str(last)]
        cell = comparable.beside(measured, tuple(at), metric.name)
        place = dict(zip(by, at, strict=True)) | {"metric": metric.name}
        rows.append(place | _numbers(cell, metric, spread))
    schema = {name: trials.rows.schema[name] for name in by} | {"metric": pl.String()}
    schema |= dict.fromkeys(_NUMBERS, pl.Float64()) | dict.fromkeys(_COUNTS[:-1], pl.Int64())
    sizes = trials.rows.group_by(by).agg(num_expected=pl.len().cast(pl.Int64))
    return pl.DataFrame(rows, schema=schema).join(
        sizes, by, how="left", nulls_equal=True, maintain_order="left"
    )


def _numbers(cell: Cell, metric: Metric, spread: Spread) -> dict[str, float | int | None]:
    is_known = cell.mean is not None and not cell.is_nan
    low, high = _band(cell, metric, spread) if is_known else (None, None)
    return {
        "mean": cell.mean if is_known else None,
        "std": cell.std if is_known else None,
        "low": low,
        "high": high,
        "published": cell.comparison.published.mean if cell.comparison else None,
        "n": cell.n,
        "num_nan": cell.num_nan,
    }


def _band(cell: Cell, metric: Metric, spread: Spread) -> tuple[float | None, float | None]:
    """Give the ends of a point's band, cut at what the metric can reach."""
    if cell.n < 2:
        return None, None
    if spread == "interval":
        return (cell.interval.low, cell.interval.high) if cell.interval else (None, None)
    assert cell.mean is not None
    assert cell.std is not None
    least, most = _BOUNDS.get(metric.unit, (-float("inf"), float("inf")))
    return max(least, cell.mean - cell.std), min(most, cell.mean + cell.std)


def setting_text(keys: Mapping[str, Key]) -> str:
    """Name a setting, such as `ViT-B-32, with weight regularization (β = 0.01)`."""
    text = setting_title(keys) if "beta" in keys else ", ".join(other_texts(keys))
    return text.removeprefix("model ")


def title_of(keys: Mapping[str, Key]) -> str:
    """Head the panels of a setting."""
    text = setting_text(keys)
    return text[:1].upper() + text[1:]
