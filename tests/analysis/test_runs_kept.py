"""What was read of a store is kept; after every change, frames are as if all were read anew."""

import math
import os
import shutil
import sqlite3
import threading
import time
from contextlib import closing

import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.entities import Param
from polars.testing import assert_frame_equal

from analysis.runs import load_runs, sweep_names
from analysis.runs.columns import frame_schema
from analysis.runs.search import Search
from analysis.runs.snapshot import read_snapshot, snapshot_path, write_snapshot
from analysis.runs.stamp import stamp_of
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
from trainables.outcome import PersonOutcome

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
START_S = 1_700_000_000.0
CLASSES = "cifar10/zeroshot_top1"


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


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(tmp_path, template, make_config):
    """Two sweeps that are over: of two trials, and of one that failed."""
    made = Store(tmp_path / "mlflow.db", template, make_config)
    made.run("first", made.trial("a"), made.trial("b", at=START_S + 20))
    made.run("second", made.trial("c", "second", kind="failed"))
    return made


@pytest.fixture
def asked(monkeypatch):
    """What trials were asked for, one tuple of conditions a search; `()` reads all."""
    found = []
    trials = Search.trials

    def spy(self, *where):
        found.append(where)
        return trials(self, *where)

    monkeypatch.setattr(Search, "trials", spy)
    return found


@pytest.fixture
def anew(tmp_path, monkeypatch):
    """Reads a store into an empty cache."""

    def read(uri):
        with monkeypatch.context() as patch:
            patch.setenv("UNREMEMBER_CACHE", str(tmp_path / "empty"))
            frame = load_runs(uri, None)
            shutil.rmtree(tmp_path / "empty")
        return frame

    return read


def keys_of(frame):
    return sorted(key[0] for key in frame["trial_key"])


def check(store, asked, anew):
    """Read on, and compare; tells what was asked for."""
    asked.clear()
    frame = load_runs(store.uri, None)
    said = list(asked)
    assert_frame_equal(frame, anew(store.uri))
    return frame, said


def test_a_file_that_is_as_it_was_is_not_opened(store, monkeypatch):
    store.settle()
    first = load_runs(store.uri, None)
    monkeypatch.setattr("analysis.runs.load.connect", lambda uri: pytest.fail("opened"))
    assert_frame_equal(load_runs(store.uri, None), first)
    assert keys_of(load_runs(store.uri, "second")) == ["c"]
    assert sweep_names(store.uri) == ["first", "second"]


def test_a_file_that_changed_is_opened(store):
    store.settle()
    load_runs(store.uri, None)
    store.run("third", store.trial("d", "third"))
    store.settle(age_s=30.0)
    assert keys_of(load_runs(store.uri, "third")) == ["d"]


def test_a_file_that_was_written_to_just_now_is_no_witness(store):
    store.settle()
    stamp = stamp_of(store.path)
    assert stamp is not None
    store.settle(age_s=1.0)
    assert stamp_of(store.path) is None
    store.settle(age_s=30.0)
    assert stamp_of(store.path) not in (None, stamp)


def test_what_is_still_in_sqlites_log_is_seen(store, tmp_path):
    store.settle()
    before = stamp_of(store.path)
    log = tmp_path / "mlflow.db-wal"
    log.touch()
    os.utime(log, (1, 1))
    assert stamp_of(store.path) == before
    log.write_bytes(b"a page")
    os.utime(log, (1, 1))
    assert stamp_of(store.path) not in (None, before)


def test_nothing_but_the_end_is_asked_for_where_nothing_happened(store, asked, anew):
    load_runs(store.uri, None)
    assert asked == [()]
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["a", "b", "c"]
    assert [condition for (condition,) in said] == [
        f"attributes.end_time >= {1000 * int(START_S + 30 - 60)}",
        "attributes.status = 'RUNNING'",
    ]


def test_new_trials_of_a_sweep_in_progress_are_seen(store, asked, anew):
    load_runs(store.uri, None)
    # Earlier than what was seen, as of a folder whose server was down.
    early = store.trial("d", "third", at=START_S - 9000)
    store.run("third", early, keys=["d" * 16, "e" * 16], at=START_S - 9000, over=False)
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["a", "b", "c", "d"]
    assert (f"tags.`{membership_tag('third')}` = '1'",) in said
    assert () not in said
    Mirror(store.client, store.experiment).write(store.trial("e", "third", at=START_S - 8000))
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["a", "b", "c", "d", "e"]
    assert () not in said


def test_a_sweep_that_was_run_again_between_two_reads_is_seen(store, asked, anew):
    load_runs(store.uri, None)
    late = store.trial("d", "second", at=START_S - 5000)
    again = store.trial("c", "second", at=START_S - 6000)
    store.run("second", again, late, at=START_S + 4)
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["a", "b", "c", "d"]
    assert () not in said
    (retried,) = frame.filter(pl.col("trial_key") == "c" * 16).iter_rows(named=True)
    assert (retried["status"], retried["error"]) == ("FINISHED", None)
    assert retried["idia_tpr"] == 0.25


def test_a_trial_that_failed_again_says_why(store, asked, anew):
    load_runs(store.uri, None)
    again = store.trial("c", "second", kind="failed", error="another way", at=START_S - 5000)
    store.run("second", again, at=START_S - 5010)
    frame, said = check(store, asked, anew)
    assert () not in said
    assert frame["error"].drop_nulls().to_list() == ["another way"]


def test_a_finished_trial_that_another_sweep_names_is_of_both(store, asked, anew):
    assert keys_of(load_runs(store.uri, "first")) == ["a", "b"]
    store.run("third", keys=["b" * 16])
    frame, said = check(store, asked, anew)
    assert () not in said
    shared = frame.filter(pl.col("trial_key") == "b" * 16)
    assert shared["sweeps"].to_list() == [["first", "third"]]
    assert keys_of(load_runs(store.uri, "third")) == ["b"]


def test_what_others_write_is_seen(store, asked, anew):
    run_id = store.foreign("f")
    load_runs(store.uri, None)
    store.client.log_metric(run_id, "idia_tpr", 0.5)
    store.client.set_terminated(run_id, end_time=1000 * int(START_S - 3000))
    frame, said = check(store, asked, anew)
    assert () not in said
    (ended,) = frame.filter(pl.col("trial_key") == "f" * 16).iter_rows(named=True)
    assert (ended["status"], ended["idia_tpr"]) == ("FINISHED", 0.5)
    run_id = store.foreign("g", minute=5)
    frame, said = check(store, asked, anew)
    assert () not in said
    assert frame.filter(pl.col("trial_key") == "g" * 16)["status"].item() == "RUNNING"
    store.client.set_terminated(run_id)
    frame, said = check(store, asked, anew)
    assert () not in said
    assert frame.filter(pl.col("trial_key") == "g" * 16)["status"].item() == "FINISHED"


def test_a_deleted_run_is_out_and_a_restored_one_back(store, asked, anew):
    load_runs(store.uri, None)
    gone = store.run_id("a")
    store.client.delete_run(gone)
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["b", "c"]
    assert () not in said
    store.client.restore_run(gone)
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["a", "b", "c"]
    assert said == [()]


def test_a_run_that_was_deleted_before_it_was_seen_makes_no_gap(store, asked, anew):
    load_runs(store.uri, None)
    store.client.delete_run(store.foreign("h"))
    _, said = check(store, asked, anew)
    assert said == [()]
    _, said = check(store, asked, anew)
    assert () not in said


def test_a_run_that_is_gone_for_good_is_out_when_its_sweep_runs(store, asked, anew):
    unfinished = store.foreign("f")
    load_runs(store.uri, None)
    store.remove(unfinished)
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["a", "b", "c"]
    assert () not in said
    store.remove(store.run_id("a"))
    store.run("first", keys=["b" * 16], at=START_S + 500)
    frame, said = check(store, asked, anew)
    assert keys_of(frame) == ["b", "c"]
    assert () not in said


def test_a_sweep_without_trials_is_known_and_they_come(
    tmp_path, template, make_config, asked, anew
):
    store = Store(tmp_path / "mlflow.db", template, make_config)
    store.run("first", keys=["a" * 16], over=False)
    assert load_runs(store.uri, "first").is_empty()
    store.run("first", store.trial("a"))
    frame, _ = check(store, asked, anew)
    assert keys_of(frame) == ["a"]


def test_a_mark_without_a_sweep_that_tells_why_reads_all(store, asked, anew):
    load_runs(store.uri, None)
    store.client.set_experiment_tag(store.experiment, "unremember.journal.0", "17:0")
    _, said = check(store, asked, anew)
    assert said == [()]


def test_a_store_made_anew_in_the_same_place_is_another(store, asked, anew, template, make_config):
    load_runs(store.uri, None)
    store.path.unlink()
    # Within a process MLflow keeps the file open.
    store.client._tracking_client.store.engine.dispose()
    other = Store(store.path, template, make_config)
    assert other.experiment == store.experiment
    other.run("first", other.trial("x"))
    frame, said = check(other, asked, anew)
    assert keys_of(frame) == ["x"]
    assert said == [()]


def test_numbers_people_and_tasks_come_back_as_they_were(store, asked, anew):
    people = (PersonOutcome(person="Ann Example", before=7, after=0),)
    odd = {"loss": math.inf, "sim_clean": math.nan, "idia_tpr": 0.0}
    store.run("odd", store.trial("o", "odd", metrics=odd, people=people))
    assert CLASSES not in load_runs(store.uri, None).columns
    tasks = store.trial("t", "odd", metrics={CLASSES: 0.5, "idia_tpr": 1.0}, at=START_S + 100)
    store.run("odd", tasks, at=START_S + 90)
    frame, said = check(store, asked, anew)
    assert () not in said
    assert frame.columns == [*frame_schema(), CLASSES]
    assert frame[CLASSES].drop_nulls().to_list() == [0.5]
    store.settle()
    load_runs(store.uri, None)
    (kept,) = load_runs(store.uri, "odd").filter(pl.col("loss") == math.inf).iter_rows(named=True)
    assert math.isnan(kept["sim_clean"])
    assert kept["outcomes"] == [{"person": "Ann Example", "before": 7, "after": 0}]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-100],
        lambda content: b"",
        lambda content: content[:200] + b"x" + content[201:],
        lambda content: b"\x00" * 5000,
    ],
    ids=["cut off", "empty", "changed", "zeros"],
)
def test_a_damaged_file_is_as_good_as_none(store, asked, cache, damage):
    store.settle()
    first = load_runs(store.uri, None)
    (path,) = (cache / "runs").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert read_snapshot(path) is None
    assert_frame_equal(load_runs(store.uri, None), first)
    assert asked == [(), ()]
    assert read_snapshot(path) is not None


def test_other_columns_are_another_version(store, asked, cache, monkeypatch):
    store.settle()
    load_runs(store.uri, None)
    (path,) = (cache / "runs").iterdir()
    wider = frame_schema() | {"new_column": pl.Float64()}
    monkeypatch.setattr("analysis.runs.snapshot.frame_schema", lambda: wider)
    assert read_snapshot(path) is None
    load_runs(store.uri, None)
    assert asked == [(), ()]


def test_a_cache_that_cannot_be_written_is_done_without(store, cache):
    cache.write_text("no folder")
    assert keys_of(load_runs(store.uri, None)) == ["a", "b", "c"]
    assert cache.read_text() == "no folder"


def test_one_address_has_one_file_for_its_owner_alone(store, cache, monkeypatch):
    load_runs(store.uri, None)
    monkeypatch.chdir(store.path.parent)
    load_runs(f"sqlite:///{store.path.name}", None)
    (path,) = (cache / "runs").iterdir()
    assert path == snapshot_path(store.uri)
    assert path.stat().st_mode & 0o777 == 0o600


def test_readers_at_once_find_whole_files(store, tmp_path):
    load_runs(store.uri, None)
    snapshot = read_snapshot(snapshot_path(store.uri))
    path = tmp_path / "shared" / "one.runs"
    write_snapshot(path, snapshot)

    def write():
        for _ in range(30):
            write_snapshot(path, snapshot)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    found = []
    while any(writer.is_alive() for writer in writers):
        found.append(read_snapshot(path) is not None)
    for writer in writers:
        writer.join()
    assert found
    assert all(found)
    assert list(path.parent.iterdir()) == [path]
