"""The cells of a table: means with their intervals, and which of them regularization changes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from analysis.aggregate import aggregate
from analysis.layout import Cell, Interval, Key
from analysis.settings import BETAS
from analysis.stats import bootstrap, discoveries, sign_flip, wilson
from trainables.metrics import Metric

Where = tuple[Key, ...]
"""A cell: the values of the columns that tell rows apart, then the metric's name."""

_OF_PEOPLE = ("idia_tpr", "idia_fnr")
"""Shares of the unlearned people, of whom there are n in each trial."""
_CHANGING = ("share", "similarity")


class Test(NamedTuple):
    """Whether regularization changes a cell.

    Attributes:
        p_value: of the sign-flip test over the seeds in common.
        num_pairs: how many seeds that are.
        is_significant: whether it holds with the false discovery rate of the table at 5%.
    """

    p_value: float
    num_pairs: int
    is_significant: bool


def can_change(metric: Metric) -> bool:
    """Say whether a change of a metric is marked.

    Losses and durations are not: the one contains the term, the other varies by itself.
    """
    return metric.unit in _CHANGING


def measured_cells(
    trials: pl.DataFrame, by: Sequence[str], columns: Sequence[Metric], *, intervals: bool = True
) -> dict[Where, Cell]:
    """Summarise each metric over the trials of each row.

    Args:
        trials: one row a trial.
        by: the columns that tell rows apart, among them `num_names` if `intervals` are wanted.
        columns: the metrics.
        intervals: whether the trials are repetitions, which those of an original model are not.
    """
    units = {column.name: column.unit for column in columns}
    summary = aggregate(trials, by, list(units)).with_row_index("_row")
    found = dict(_intervals(summary)) if intervals else {}
    numbers = summary.select("_row", *by, "metric", "mean", "std", "n", "num_nan")
    return {
        (*at, metric): Cell(
            mean=mean,
            std=std,
            n=n,
            num_nan=num_nan,
            unit=units[metric],
            interval=found.get(row),
        )
        for row, *at, metric, mean, std, n, num_nan in numbers.iter_rows()
    }


def _intervals(summary: pl.DataFrame) -> Iterator[tuple[int, Interval]]:
    """Give the row of each cell that has an interval, and that.

    Those of unlearned people take the people of all seeds for as many draws, though some are drawn
    by several seeds.
    """
    known = summary.filter(pl.col("mean").is_finite())
    is_of_people = pl.col("metric").is_in(_OF_PEOPLE)
    people = known.filter(is_of_people)
    totals = (people["n"] * people["num_names"]).to_numpy().astype(np.float64)
    ends = wilson(people["mean"].to_numpy() * totals, totals)
    for row, (low, high) in zip(people["_row"], ends.tolist(), strict=True):
        yield row, Interval(low=low, high=high, method="wilson")
    several = known.filter(~is_of_people, pl.col("n") > 1)
    for same in several.partition_by("n"):
        ends = bootstrap(np.array(same["values"].to_list()))
        for row, (low, high) in zip(same["_row"], ends.tolist(), strict=True):
            yield row, Interval(low=low, high=high, method="bootstrap")


def changes(
    trials: pl.DataFrame, keys: Sequence[str], columns: Sequence[Metric]
) -> dict[Where, Test]:
    """Test each cell with regularization against the one without, paired by seed.

    A cell has no test with fewer than two seeds in common or where a difference is not a number.

    Args:
        trials: one row a trial; those that share settings and seed count as their mean.
        keys: the columns that tell panels apart.
        columns: the metrics; those that cannot change are left out.
    """
    metrics = [column.name for column in columns if can_change(column)]
    differences = _differences(trials, keys, metrics)
    found: dict[Where, tuple[float, int]] = {}
    for same in differences.partition_by("num_pairs"):
        p_values = sign_flip(np.array(same["differences"].to_list())).tolist()
        places = same.select(*keys, "num_names", "metric").iter_rows()
        num_pairs = int(same["num_pairs"][0])
        found |= {at: (p, num_pairs) for at, p in zip(places, p_values, strict=True)}
    holds = discoveries(np.array([p for p, _ in found.values()])).tolist()
    return {at: Test(*test, held) for (at, test), held in zip(found.items(), holds, strict=True)}


def _differences(trials: pl.DataFrame, keys: Sequence[str], metrics: Sequence[str]) -> pl.DataFrame:
    """Give for each cell with regularization its differences to that without, by seed.

    Returns:
        One row for each cell that can be tested: `keys`, num_names, metric, differences, num_pairs.
    """
    by = [*keys, "num_names", "metric"]
    betas = [key for key in keys if key in BETAS]
    shared = [name for name in (*by, "seed") if name not in betas]
    values = (
        trials.unpivot(metrics, index=[*by[:-1], "seed"], variable_name="metric")
        .group_by([*by, "seed"])
        .agg(pl.col("value").mean())
        .drop_nulls("value")
    )
    is_plain = pl.all_horizontal(pl.col(beta).fill_null(0) == 0 for beta in betas)
    plain = values.filter(is_plain).drop(betas)
    pairs = values.filter(~is_plain).join(plain, shared, nulls_equal=True, suffix="_plain")
    difference = (pl.col("value") - pl.col("value_plain")).sort()
    return (
        pairs.group_by(by)
        .agg(differences=difference, num_pairs=pl.len())
        .filter(
            pl.col("num_pairs") > 1,
            pl.col("differences").list.eval(pl.element().is_finite()).list.all(),
        )
        .sort(by)
    )
