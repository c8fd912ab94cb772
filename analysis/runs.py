"""MLflow -> one tidy frame: a row for each trial's run, typed, with nothing made up."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, get_origin

import polars as pl

from analysis.connect import connect, readable, shown
from analysis.store import (
    EXPERIMENT,
    KIND_SWEEP,
    KIND_TAG,
    KIND_TRIAL,
    MEMBER,
    SWEEP_TAG,
    TRIAL_KEY_TAG,
    membership_tag,
    plain_type,
)
from trainables.config import TrialConfig, field_names
from trainables.errors import UserError, did_you_mean
from trainables.metrics import METRICS, find_metric

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

FINISHED = "FINISHED"
PAGE = 1000
RUN_SCHEMA: dict[str, pl.DataType] = {
    "trial_key": pl.String(),
    "run_id": pl.String(),
    "status": pl.String(),
    "start_time": pl.Datetime("ms", "UTC"),
}


def _field_type(annotation: Any) -> pl.DataType:
    """Give the column type of a trial's field; what is neither number nor list is text."""
    plain = plain_type(annotation)
    if get_origin(plain) in (tuple, list):
        return pl.List(pl.Int64())
    return {int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean()}.get(plain, pl.String())


def field_schema() -> dict[str, pl.DataType]:
    """Give the columns that hold a trial's configuration."""
    return {name: _field_type(f.annotation) for name, f in TrialConfig.model_fields.items()}


def frame_schema() -> dict[str, pl.DataType]:
    """Give the columns that every frame of runs has: the run, its configuration, its metrics.

    Behind them stand the metrics of zero-shot tasks by name, where there are any.
    """
    return RUN_SCHEMA | field_schema() | dict.fromkeys(METRICS, pl.Float64())


def load_runs(tracking_uri: str, sweep: str | None) -> pl.DataFrame:
    """Read the trials of a sweep, whatever their status; curves stay in the store.

    A metric or field that a run lacks is null; a metric that was NaN is NaN.

    Args:
        tracking_uri: of the MLflow store.
        sweep: its name; None reads the trials of all sweeps.

    Raises:
        UserError: no such store or sweep, or the store cannot be read.
    """
    client = connect(tracking_uri)
    with readable(tracking_uri):
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            raise UserError(
                f"the tracking store {shown(tracking_uri)} has no experiment {EXPERIMENT!r}: "
                "no sweep has been tracked there yet."
            )
        where = [_equals(KIND_TAG, KIND_TRIAL)]
        if sweep is not None:
            _check_sweep(client, experiment.experiment_id, sweep, tracking_uri)
            where.append(_equals(membership_tag(sweep), MEMBER))
        runs = _search(client, experiment.experiment_id, " and ".join(where))
    return _frame(runs)


def sweep_names(tracking_uri: str) -> list[str]:
    """List the sweeps that a store holds."""
    client = connect(tracking_uri)
    with readable(tracking_uri):
        experiment = client.get_experiment_by_name(EXPERIMENT)
        return [] if experiment is None else _sweeps(client, experiment.experiment_id)


def _sweeps(client: "MlflowClient", experiment_id: str) -> list[str]:
    parents = _search(client, experiment_id, _equals(KIND_TAG, KIND_SWEEP))
    return sorted({run.data.tags[SWEEP_TAG] for run in parents if SWEEP_TAG in run.data.tags})


def _check_sweep(client: "MlflowClient", experiment_id: str, sweep: str, uri: str) -> None:
    known = _sweeps(client, experiment_id)
    if sweep not in known:
        hint = did_you_mean(sweep, known) if known else "it holds no sweep."
        there = f" It holds {', '.join(known)}." if hint.startswith("did") else ""
        raise UserError(
            f"the tracking store {shown(uri)} has no sweep {sweep!r}: {hint}{there}",
        )


def _equals(tag: str, value: str) -> str:
    return f"tags.`{tag}` = '{value}'"


def _search(client: "MlflowClient", experiment_id: str, where: str) -> list["Run"]:
    runs: list[Run] = []
    token = None
    while True:
        page = client.search_runs([experiment_id], where, max_results=PAGE, page_token=token)
        runs.extend(page)
        token = page.token
        if not token:
            return runs


def _frame(runs: Sequence["Run"]) -> pl.DataFrame:
    infos = {
        "trial_key": [run.data.tags.get(TRIAL_KEY_TAG) for run in runs],
        "run_id": [run.info.run_id for run in runs],
        "status": [run.info.status for run in runs],
        "start_time": [run.info.start_time for run in runs],
    }
    params = {name: [run.data.params.get(name) for run in runs] for name in field_names()}
    found = sorted({name for run in runs for name in run.data.metrics} - set(METRICS))
    names = [*METRICS, *(name for name in found if find_metric(name))]
    metrics = {name: [run.data.metrics.get(name) for run in runs] for name in names}
    columns = [pl.Series(name, infos[name]).cast(dtype) for name, dtype in RUN_SCHEMA.items()]
    columns += [_typed(name, params[name], dtype) for name, dtype in field_schema().items()]
    columns += [pl.Series(name, values, dtype=pl.Float64) for name, values in metrics.items()]
    return _infinite_again(pl.DataFrame(columns)).sort("start_time", "run_id")


def _typed(name: str, texts: list[str | None], dtype: pl.DataType) -> pl.Series:
    readers: dict[Any, Callable[[str], Any]] = {
        pl.Int64(): int,
        pl.Float64(): float,
        pl.Boolean(): lambda text: text == "True",
        pl.String(): str,
    }
    read = readers.get(dtype, json.loads)
    return pl.Series(name, [None if text is None else read(text) for text in texts], dtype=dtype)


def _infinite_again(frame: pl.DataFrame) -> pl.DataFrame:
    """Undo what MLflow does to infinity, which it stores as the largest number."""
    metric = pl.col(list(METRICS))
    clipped = metric.abs() == sys.float_info.max
    return frame.with_columns(pl.when(clipped).then(metric * 2).otherwise(metric).name.keep())


def finished(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the finished trials: each once, by its latest finished run that holds a record."""
    return _records(frame).sort("start_time").unique("trial_key", keep="last", maintain_order=True)


def duplicates(frame: pl.DataFrame) -> dict[str, int]:
    """Count the finished runs of each trial that has more than one, which should not happen."""
    counts = _records(frame).group_by("trial_key").len().filter(pl.col("len") > 1)
    return dict(counts.sort("trial_key").iter_rows())


def _records(frame: pl.DataFrame) -> pl.DataFrame:
    has_record = pl.any_horizontal(pl.col(name).is_not_null() for name in METRICS)
    is_trial = pl.col("trial_key").is_not_null()
    return frame.filter((pl.col("status") == FINISHED) & is_trial & has_record)
