"""The columns of a frame of runs."""

from typing import Any, get_origin

import polars as pl

from analysis.store import plain_type
from trainables.config import TrialConfig
from trainables.metrics import METRICS

FINISHED = "FINISHED"

RUN_SCHEMA: dict[str, pl.DataType] = {
    "trial_key": pl.String(),
    "run_id": pl.String(),
    "status": pl.String(),
    "start_time": pl.Datetime("ms", "UTC"),
    "end_time": pl.Datetime("ms", "UTC"),
    "error": pl.String(),
    "commit": pl.String(),
    "device": pl.String(),
    "hostname": pl.String(),
    "cpu": pl.String(),
    "gpus": pl.String(),
    "command": pl.String(),
    "num_cpus": pl.Int64(),
    "num_threads": pl.Int64(),
    "versions": pl.String(),
    "sweeps": pl.List(pl.String()),
    "outcomes": pl.List(
        pl.Struct({"person": pl.String(), "before": pl.Int64(), "after": pl.Int64()})
    ),
}
"""What a run is and where it ran. `versions` is a JSON object of packages and their versions;
`outcomes` has an entry for each person who was unlearned, as `PersonOutcome` explains it (`people`
is a setting of trials)."""


def field_schema() -> dict[str, pl.DataType]:
    """Give the columns that hold a trial's configuration."""
    return {name: _field_type(f.annotation) for name, f in TrialConfig.model_fields.items()}


def frame_schema() -> dict[str, pl.DataType]:
    """Give the columns that every frame of runs has: the run, its configuration, its metrics.

    Behind them stand the metrics of zero-shot tasks by name, where there are any.
    """
    return RUN_SCHEMA | field_schema() | dict.fromkeys(METRICS, pl.Float64())


def _field_type(annotation: Any) -> pl.DataType:
    """Give the column type of a trial's field; what is neither number nor list is text."""
    plain = plain_type(annotation)
    if get_origin(plain) in (tuple, list):
        return pl.List(pl.Int64())
    return {int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean()}.get(plain, pl.String())
