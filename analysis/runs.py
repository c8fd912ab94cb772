"""MLflow -> one tidy frame: a row for each trial's run, typed, with nothing made up."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
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
    people_of,
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
_TAGS = {
    "trial_key": TRIAL_KEY_TAG,
    "error": "unremember.error",
    "commit": "mlflow.source.git.commit",
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
    found = sorted({name for run in runs for name in run.data.metrics} - set(METRICS))
    names = [*METRICS, *(name for name in found if find_metric(name))]
    metrics = {name: [run.data.metrics.get(name) for run in runs] for name in names}
    columns = [
        _typed(name, texts[name], dtype) if name in texts else _info(name, infos[name], dtype)
        for name, dtype in RUN_SCHEMA.items()
    ]
    columns += [_typed(name, params[name], dtype) for name, dtype in field_schema().items()]
    columns += [pl.Series(name, values, dtype=pl.Float64) for name, values in metrics.items()]
    return _infinite_again(pl.DataFrame(columns)).sort("start_time", "run_id")


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
