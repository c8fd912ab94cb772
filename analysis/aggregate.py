"""Trials -> cells: mean, sample standard deviation, n and values of each metric."""

from collections.abc import Sequence

import polars as pl


def aggregate(frame: pl.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> pl.DataFrame:
    """Summarise each metric over the trials of each group.

    A missing value (null) does not count; a NaN does, and makes mean and deviation NaN, so that
    it is seen. The deviation is the sample's (ddof = 1) and null for a single trial.

    Args:
        frame: one row a trial.
        by: the columns that tell cells apart; none of them makes one cell of everything.
        metrics: the columns to summarise.

    Returns:
        One row for each cell and metric: `by`, metric, mean, std, n, num_nan, values (those that
        count, in their order); in the order of the cells' keys, then of `metrics`.
    """
    order = pl.Enum(list(dict.fromkeys(metrics)))
    long = frame.unpivot(metrics, index=list(by), variable_name="metric", value_name="value")
    keys = [*by, "metric"]
    value = pl.col("value")
    return (
        long.with_columns(pl.col("metric").cast(order))
        .group_by(keys)
        .agg(
            mean=value.mean(),
            std=value.std(ddof=1),
            n=value.count().cast(pl.Int64),
            num_nan=value.is_nan().sum().cast(pl.Int64),
            values=value.drop_nulls().sort(),
        )
        .sort(keys)
        .with_columns(pl.col("metric").cast(pl.String))
    )
