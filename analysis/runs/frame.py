"""Runs as MLflow gives them -> a frame, typed, with nothing made up."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.runs.columns import FINISHED, RUN_SCHEMA, field_schema, frame_schema
from analysis.store import COMMIT_TAG, ERROR_TAG, TRIAL_KEY_TAG, membership_tag, people_of
from trainables.config import field_names
from trainables.metrics import METRICS, find_metric

if TYPE_CHECKING:
    from mlflow.entities import Run

_TAGS = {
    "trial_key": TRIAL_KEY_TAG,
    "error": ERROR_TAG,
    "commit": COMMIT_TAG,
    "device": "unremember.worker.device",
    "hostname": "unremember.hostname",
    "cpu": "unremember.cpu",
    "gpus": "unremember.gpus",
    "command": "unremember.command",
    "num_cpus": "unremember.num_cpus",
    "num_threads": "unremember.worker.num_threads",
}
_VERSIONS = "unremember.versions."
_MEMBERSHIP = membership_tag("")


def frame_of(runs: Sequence["Run"]) -> pl.DataFrame:
    """Make a frame of trials' runs, in their order.

    A metric or field that a run lacks is null; a metric that was NaN is NaN.
    """
    tags = [run.data.tags for run in runs]
    texts = {name: [of_run.get(tag) for of_run in tags] for name, tag in _TAGS.items()}
    infos = {
        "run_id": [run.info.run_id for run in runs],
        "status": [run.info.status for run in runs],
        "start_time": [run.info.start_time for run in runs],
        "end_time": [run.info.end_time for run in runs],
        "versions": [_versions(of_run) for of_run in tags],
        "sweeps": [_names(of_run, _MEMBERSHIP) for of_run in tags],
        "outcomes": [_outcomes(of_run) for of_run in tags],
    }
    params = {name: [run.data.params.get(name) for run in runs] for name in field_names()}
    found = {name for run in runs for name in run.data.metrics} - METRICS.keys()
    names = [*METRICS, *filter(find_metric, found)]
    metrics = {name: [run.data.metrics.get(name) for run in runs] for name in names}
    columns = [
        _typed(name, texts[name], dtype) if name in texts else _info(name, infos[name], dtype)
        for name, dtype in RUN_SCHEMA.items()
    ]
    columns += [_typed(name, params[name], dtype) for name, dtype in field_schema().items()]
    columns += [pl.Series(name, values, dtype=pl.Float64) for name, values in metrics.items()]
    return _infinite_again(pl.DataFrame(columns))


def joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Make one frame: the oldest run first, each once, as the last of the frames has it."""
    together = pl.concat(frames, how="diagonal").unique("run_id", keep="last")
    tasks = sorted(set(together.columns) - frame_schema().keys())
    return together.select(*frame_schema(), *tasks).sort("start_time", "run_id")


def _versions(tags: Mapping[str, str]) -> str | None:
    versions = {name: tags[_VERSIONS + name] for name in _names(tags, _VERSIONS)}
    return json.dumps(versions) if versions else None


def _names(tags: Mapping[str, str], prefix: str) -> list[str]:
    return sorted(tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix))


def _outcomes(tags: Mapping[str, str]) -> list[dict[str, Any]] | None:
    people = people_of(tags)
    return None if people is None else [vars(person) for person in people]


def _info(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    # Times are milliseconds since 1970.
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, values, dtype=pl.Int64).cast(dtype)
    return pl.Series(name, values, dtype=dtype)


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
