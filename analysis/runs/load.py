"""Reading the runs of a store: all of them once, then what has changed."""

from dataclasses import replace

import polars as pl

from analysis.connect import absolute, check, connect, readable, shown, sqlite_file
from analysis.runs.renew import renewed
from analysis.runs.search import Search
from analysis.runs.snapshot import Snapshot, read_snapshot, snapshot_path, write_snapshot
from analysis.runs.stamp import stamp_of
from analysis.store import EXPERIMENT
from trainables.errors import UserError, did_you_mean


def load_runs(tracking_uri: str, sweep: str | None) -> pl.DataFrame:
    """Read the trials of a sweep, whatever their status; curves stay in the store.

    What was read is kept below the cache folder, and what has changed since is read anew, see
    `renewed`; of a SQLite file that is as it was, nothing is.

    Args:
        tracking_uri: of the MLflow store.
        sweep: its name; None reads the trials of all sweeps.

    Raises:
        UserError: no such store or sweep, or the store cannot be read.
    """
    snapshot = _current(tracking_uri)
    if snapshot is None:
        raise UserError(
            f"the tracking store {shown(tracking_uri)} has no experiment {EXPERIMENT!r}: "
            "no sweep has been tracked there yet."
        )
    if sweep is None:
        return snapshot.frame
    known = list(snapshot.sweeps)
    if sweep not in known:
        hint = did_you_mean(sweep, known) if known else "it holds no sweep."
        there = f" It holds {', '.join(known)}." if hint.startswith("did") else ""
        raise UserError(
            f"the tracking store {shown(tracking_uri)} has no sweep {sweep!r}: {hint}{there}",
        )
    return snapshot.frame.filter(pl.col("sweeps").list.contains(sweep))


def sweep_names(tracking_uri: str) -> list[str]:
    """List the sweeps that a store holds."""
    snapshot = _current(tracking_uri)
    return list(snapshot.sweeps) if snapshot else []


def _current(tracking_uri: str) -> Snapshot | None:
    """Give the runs of a store as they are now; None where there has been no experiment."""
    check(tracking_uri)
    database = sqlite_file(tracking_uri)
    stamp = stamp_of(database) if database else None
    path = snapshot_path(absolute(tracking_uri))
    known = read_snapshot(path)
    if known is not None and stamp is not None and known.stamp == stamp:
        return known
    client = connect(tracking_uri)
    with readable(tracking_uri):
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            return None
        search = Search(client, experiment.experiment_id)
        # What shows changes is read before the trials: what comes meanwhile shows the next time.
        now = Snapshot(
            address=absolute(tracking_uri),
            stamp=stamp,
            experiment=f"{experiment.experiment_id} of {experiment.creation_time}",
            marks=dict(experiment.tags),
            sweeps=search.sweeps(),
            deleted=search.deleted(),
            frame=pl.DataFrame(),
        )
        frame = renewed(known, now, search) if known is not None else None
        now = replace(now, frame=search.trials() if frame is None else frame)
    write_snapshot(path, now)
    return now
