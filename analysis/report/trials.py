"""Where each trial of an experiment stands, and what is known of it: a row each."""

from typing import Literal, get_args

import polars as pl

from analysis.experiment import Experiment
from analysis.runs import FINISHED, field_schema, finished
from analysis.settings import wanted_trials

State = Literal["finished", "failed", "running", "missing"]
STATES: tuple[State, ...] = get_args(State)
_RUNNING = ("RUNNING", "SCHEDULED")
_NO_RECORD = "it ended without a record"


def trials_of(experiment: Experiment) -> pl.DataFrame:
    """Give a row for each trial that the experiment consists of, in its order.

    Returns:
        trial_key; the settings, lists as text; `state`, one of `STATES`; and, null where it never
        ran, the columns of the run that counts: the one that finished, else the latest; with them
        `duration_s`, which the trial measured or, of one that failed, its time in the store.
    """
    wanted = wanted_trials(experiment.frame, experiment.expected)
    runs = _counting(experiment.frame).drop(field_schema())
    rows = wanted.join(runs, "trial_key", how="left", maintain_order="left")
    status = pl.col("status")
    without_record = (status == FINISHED) & ~pl.col("_finished")
    elapsed = (pl.col("end_time") - pl.col("start_time")).dt.total_milliseconds() / 1000
    state = (
        pl.when(status.is_null())
        .then(pl.lit("missing"))
        .when(pl.col("_finished"))
        .then(pl.lit("finished"))
        .when(status.is_in(_RUNNING))
        .then(pl.lit("running"))
        .otherwise(pl.lit("failed"))
    )
    return rows.with_columns(
        state=state,
        error=pl.when(without_record).then(pl.lit(_NO_RECORD)).otherwise("error"),
        duration_s=pl.coalesce("trial_s", elapsed),
    ).drop("_finished")


def counts_of(trials: pl.DataFrame) -> dict[State, int]:
    """Count the trials of `trials_of` by state; those that none is in count 0."""
    found = dict(trials["state"].value_counts().iter_rows())
    return {state: found.get(state, 0) for state in STATES}


def _counting(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep one run of each trial: its latest finished one, else its latest."""
    done = finished(frame).with_columns(_finished=pl.lit(value=True))
    latest = (
        frame.filter(pl.col("trial_key").is_not_null())
        .sort("start_time")
        .unique("trial_key", keep="last", maintain_order=True)
        .join(done, "trial_key", how="anti")
        .with_columns(_finished=pl.lit(value=False))
    )
    return pl.concat([done, latest])
