"""A small SQLite store, written to as a sweep does, for tests of what is read of it."""

import os
import shutil
import sqlite3
import time
from contextlib import closing

from mlflow import MlflowClient
from mlflow.entities import Param

from analysis.store import (
    EXPERIMENT,
    KIND_TAG,
    KIND_TRIAL,
    TRIAL_KEY_TAG,
    membership_tag,
    params_of,
)
from sweeps.events import SweepEvent, TrialEvent
from sweeps.mirror import Mirror

START_S = 1_700_000_000.0


class Store:
    """A SQLite store, written to as a sweep does."""

    def __init__(self, path, template, make_config):
        shutil.copy(template, path)
        self.path = path
        self.uri = f"sqlite:///{path}"
        self.make_config = make_config
        self.client = MlflowClient(self.uri)
        artifacts = (path.parent / "artifacts").as_uri()
        self.experiment = self.client.create_experiment(EXPERIMENT, artifact_location=artifacts)

    def run(self, sweep, *events, keys=None, at=START_S, over=True):
        """One call of `unremember run`, as its tracker writes it; with `over`, to the end."""
        mirror = Mirror(self.client, self.experiment)
        keys = tuple(keys or [event.trial_key for event in events])
        asked = SweepEvent(sweep={"name": sweep}, trial_keys=keys, at=at)
        for event in (asked, *events):
            mirror.write(event)
        if over:
            ended = [event.kind for event in events]
            counts = ended.count("finished"), ended.count("failed")
            mirror.write_counts(asked, *counts, max([at, *(event.ended_at for event in events)]))

    def trial(self, key, sweep="first", *, kind="finished", at=START_S, **changes):
        fields = {"metrics": {"idia_tpr": 0.25}} if kind == "finished" else {"error": "it broke"}
        return TrialEvent(
            kind=kind, trial_key=key * 16, sweeps=(sweep,), started_at=at, ended_at=at + 10,
            config=self.make_config().model_dump(mode="json"), duration_s=10, **fields | changes,
        )  # fmt: skip

    def foreign(self, key, minute=0):
        """A trial's run that has not ended, of which no sweep's run tells."""
        tags = {KIND_TAG: KIND_TRIAL, TRIAL_KEY_TAG: key * 16, membership_tag("first"): "1"}
        start_ms = 1000 * int(START_S + 60 * minute)
        run = self.client.create_run(self.experiment, start_time=start_ms, tags=tags)
        params = [Param(*item) for item in params_of(self.make_config()).items()]
        self.client.log_batch(run.info.run_id, params=params)
        return run.info.run_id

    def remove(self, run_id):
        """Take a run out for good, as `mlflow gc` does."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for table in ("latest_metrics", "metrics", "params", "tags", "runs"):
                connection.execute(f"DELETE FROM {table} WHERE run_uuid = ?", [run_id])

    def run_id(self, key):
        where = f"tags.`{TRIAL_KEY_TAG}` = '{key * 16}'"
        return self.client.search_runs([self.experiment], where)[0].info.run_id

    def settle(self, *, age_s=60.0):
        """Let the file be as old as one that nobody writes to."""
        then = time.time() - age_s
        os.utime(self.path, (then, then))


def keys_of(frame):
    return sorted(key[0] for key in frame["trial_key"])
