"""Runs are written with MLflow's own client into a SQLite file and read back."""

import math
import sqlite3
from datetime import UTC, datetime

import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from analysis.connect import shown
from analysis.runs import RUN_SCHEMA, duplicates, finished, frame_schema, load_runs, sweep_names
from analysis.store import (
    EXPERIMENT,
    KIND_SWEEP,
    KIND_TAG,
    KIND_TRIAL,
    SWEEP_TAG,
    TRIAL_KEY_TAG,
    config_of,
    curve_key,
    membership_tag,
    params_of,
    people_tags,
)
from sweeps.mirror import COMMIT_TAG, ERROR_TAG
from trainables.config import TrialConfig, field_names
from trainables.errors import UserError
from trainables.outcome import PersonOutcome

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


class Writer:
    """What a sweep does to MLflow, in short."""

    def __init__(self, uri, artifacts):
        self.client = MlflowClient(uri)
        self.experiment = self.client.create_experiment(EXPERIMENT, artifact_location=artifacts)

    def sweep(self, name):
        tags = {KIND_TAG: KIND_SWEEP, SWEEP_TAG: name}
        return self.client.create_run(self.experiment, tags=tags).info.run_id

    def trial(self, key, config, metrics, *, sweeps, status="FINISHED", minute=1, curve=()):
        tags = {KIND_TAG: KIND_TRIAL, TRIAL_KEY_TAG: key}
        run = self.client.create_run(self.experiment, start_time=60_000 * minute, tags=tags)
        values = [Metric(name, value, 0, 0) for name, value in metrics.items()]
        values += [Metric(curve_key("loss"), v, 0, step) for step, v in enumerate(curve)]
        self.client.log_batch(
            run.info.run_id,
            metrics=values,
            params=[Param(name, value) for name, value in params_of(config).items()],
            tags=[RunTag(membership_tag(sweep), "1") for sweep in sweeps],
        )
        self.client.set_terminated(run.info.run_id, status=status)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store with spaces")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    return uri, Writer(uri, (folder / "artifacts").as_uri())


@pytest.fixture(scope="module")
def uri(store, make_config):
    uri, writer = store
    for sweep in ("quickstart", "table5"):
        writer.sweep(sweep)
    full = {"idia_tpr": 0.25, "sim_clean": 0.1 + 0.2, "loss": -1.5}
    write = writer.trial
    write("a" * 16, make_config(), full, sweeps=["quickstart", "table5"], curve=[3.0, 2.0])
    odd = make_config(num_names=8, learning_rate=1 / 3e4, data="/a b/ü.yaml")
    write("b" * 16, odd, {"sim_clean": math.nan, "loss": math.inf}, sweeps=["quickstart"])
    write("c" * 16, make_config(seed=1), {}, sweeps=["quickstart"], status="FAILED")
    write("d" * 16, make_config(seed=2), {"idia_tpr": 1.0}, sweeps=["table5"], minute=3)
    write("d" * 16, make_config(seed=2), {"idia_tpr": 0.0}, sweeps=["table5"], minute=2)
    return uri


def test_a_sweep_is_read_back_as_it_was_written(uri, make_config):
    frame = load_runs(uri, "quickstart")
    assert dict(frame.schema) == frame_schema()
    by_key = {row["trial_key"]: row for row in frame.iter_rows(named=True)}
    assert sorted(by_key) == ["a" * 16, "b" * 16, "c" * 16]
    first, odd, failed = (by_key[letter * 16] for letter in "abc")
    assert TrialConfig(**{name: first[name] for name in field_names()}) == make_config()
    assert first["sim_clean"] == 0.1 + 0.2
    assert first["start_time"] == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert odd["learning_rate"] == 1 / 3e4
    assert odd["data"] == "/a b/ü.yaml"
    assert failed["status"] == "FAILED"


def test_nan_missing_and_infinite_are_told_apart(uri):
    frame = load_runs(uri, "quickstart").filter(pl.col("trial_key") == "b" * 16)
    assert math.isnan(frame["sim_clean"].item())
    assert frame["idia_tpr"].item() is None
    assert frame["loss"].item() == math.inf


def test_a_shared_trial_is_one_run_of_both_sweeps(uri):
    assert "a" * 16 in load_runs(uri, "table5")["trial_key"].to_list()
    assert load_runs(uri, None)["trial_key"].to_list().count("a" * 16) == 1
    assert len(load_runs(uri, None)) == 5


def test_finished_keeps_the_latest_record_of_each_trial(uri):
    frame = load_runs(uri, None)
    kept = finished(frame)
    assert sorted(kept["trial_key"]) == ["a" * 16, "b" * 16, "d" * 16]
    assert kept.filter(pl.col("trial_key") == "d" * 16)["idia_tpr"].item() == 1.0
    assert duplicates(frame) == {"d" * 16: 2}


def test_who_and_where_are_read_from_tags(store, uri):
    _, writer = store
    people = [PersonOutcome(person=f"person-{i}", before=3, after=0) for i in range(150)]
    tags = people_tags(people) | {
        ERROR_TAG: "the loss became nan at step 3", COMMIT_TAG: "0123abc",
        "unremember.worker.device": "cuda", "unremember.worker.num_threads": "4",
        "unremember.worker.hostname": "worker", "unremember.hostname": "driver",
        "unremember.cpu": "a processor", "unremember.num_cpus": "16", "unremember.gpus": "one, two",
        "unremember.command": "unremember run x", "unremember.versions.torch": "2.9",
        "unremember.versions.mlflow": "3.17",
    }  # fmt: skip
    where = f"tags.`{TRIAL_KEY_TAG}` = '{'a' * 16}'"
    (run,) = writer.client.search_runs([writer.experiment], where)
    writer.client.log_batch(run.info.run_id, tags=[RunTag(*item) for item in tags.items()])
    rows = {row["trial_key"]: row for row in load_runs(uri, "quickstart").iter_rows(named=True)}
    told = rows["a" * 16]
    assert {name: told[name] for name in RUN_SCHEMA} == {
        "trial_key": "a" * 16, "run_id": run.info.run_id, "status": "FINISHED",
        "start_time": datetime(1970, 1, 1, 0, 1, tzinfo=UTC),
        "end_time": datetime.fromtimestamp(run.info.end_time / 1000, UTC),
        "error": "the loss became nan at step 3", "commit": "0123abc", "device": "cuda",
        "hostname": "driver", "cpu": "a processor", "gpus": "one, two",
        "command": "unremember run x", "num_cpus": 16, "num_threads": 4,
        "versions": '{"mlflow": "3.17", "torch": "2.9"}', "sweeps": ["quickstart", "table5"],
        "outcomes": [vars(person) for person in people],
    }  # fmt: skip
    unknown = {"error", "commit", "device", "hostname", "cpu", "gpus", "command", "num_cpus",
               "num_threads", "versions", "outcomes"}  # fmt: skip
    assert {name for name in RUN_SCHEMA if rows["b" * 16][name] is None} == unknown


def test_params_in_the_store_are_the_configuration(store, uri, make_config):
    _, writer = store
    where = f"tags.`{TRIAL_KEY_TAG}` = '{'a' * 16}'"
    (run,) = writer.client.search_runs([writer.experiment], where)
    assert config_of(run.data.params) == make_config()


def test_many_pages_are_one_frame(uri, monkeypatch):
    monkeypatch.setattr("analysis.runs.search.PAGE", 2)
    assert len(load_runs(uri, None)) == 5


def test_an_unknown_sweep_is_named_with_those_that_are_there(uri):
    with pytest.raises(UserError, match=r"'quikstart'.*did you mean 'quickstart'.*table5"):
        load_runs(uri, "quikstart")
    with pytest.raises(UserError, match=r"choose from quickstart, table5\.$"):
        load_runs(uri, "x' OR '1' = '1")
    assert sweep_names(uri) == ["quickstart", "table5"]


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    path = tmp_path / "none.db"
    with pytest.raises(UserError, match=r"no tracking store at .*none\.db"):
        load_runs(f"sqlite:///{path}", None)
    with pytest.raises(UserError, match="no tracking store"):
        load_runs(str(tmp_path / "mlruns"), None)
    with pytest.raises(UserError, match="no tracking store"):
        load_runs("sqlite://", None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_stays_as_it_is(tmp_path):
    text, empty = tmp_path / "text.db", tmp_path / "empty.db"
    text.write_text("not a database, but long enough to have a header of its own " * 20)
    sqlite3.connect(empty).close()
    empty.touch()
    with pytest.raises(UserError, match="not a readable SQLite file"):
        load_runs(f"sqlite:///{text}", None)
    with pytest.raises(UserError, match="not an MLflow store"):
        load_runs(f"sqlite:///{empty}", None)
    assert empty.read_bytes() == b""


def test_a_store_without_our_experiment_says_so(tmp_path):
    uri = f"sqlite:///{tmp_path / 'other.db'}"
    MlflowClient(uri).create_experiment("other", artifact_location=tmp_path.as_uri())
    with pytest.raises(UserError, match="no experiment 'unremember'"):
        load_runs(uri, None)
    assert sweep_names(uri) == []


def test_a_server_that_is_down_is_one_sentence_and_soon():
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9 cannot be read") as caught:
        load_runs("http://user:secret@127.0.0.1:9", None)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_addresses_are_shown_without_passwords():
    assert shown("postgresql://me:pass@db/x") == "postgresql://db/x"
    assert shown("sqlite:////tmp/m@x.db") == "sqlite:////tmp/m@x.db"
