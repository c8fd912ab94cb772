import socket
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from analysis.runs import load_runs
from analysis.store import (
    COMMIT_TAG,
    ERROR_TAG,
    KIND_SWEEP,
    KIND_TAG,
    SWEEP_TAG,
    TRIAL_KEY_TAG,
    membership_tag,
    people_of,
)
from sweeps.connect import open_store, settle, tracking_uri
from sweeps.events import SweepEvent
from sweeps.journal import Journal
from sweeps.mirror import PARENT_TAG, SPEC_TAG, Mirror
from sweeps.tracking import Tracker
from tests.sweeps.fakes import CONFIG, event
from trainables.errors import UserError
from trainables.outcome import PersonOutcome

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

PROVENANCE = {
    "git_commit": "0123456789abcdef",
    "git_dirty": False,
    "versions": {"python": "3.11.7", "torch": "2.9"},
    "hostname": "laptop",
    "gpus": [],
}


def sweep_event(*keys: str, name: str = "quickstart") -> SweepEvent:
    return SweepEvent(
        sweep={"name": name, "description": "What it is for."},
        trial_keys=keys,
        at=1_700_000_000.0,
        provenance=PROVENANCE,
    )


def never(message: str) -> None:
    raise AssertionError(message)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A fresh store's file: setting one up takes seconds."""
    folder = tmp_path_factory.mktemp("empty")
    uri = tracking_uri(folder)
    open_store(uri, folder)
    settle(uri)
    return (folder / "mlflow.db").read_bytes()


@pytest.fixture
def results(tmp_path: Path, empty_store: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlflow.db").write_bytes(empty_store)
    return tmp_path


def runs(results: Path) -> dict[str, Any]:
    """All runs by trial key, or by the name of the sweep."""
    client, experiment = open_store(tracking_uri(results), results)
    found = client.search_runs([experiment])
    by_name = {r.data.tags.get(TRIAL_KEY_TAG) or r.data.tags[SWEEP_TAG]: r for r in found}
    assert len(by_name) == len(found)
    return by_name


def snapshot(results: Path) -> dict[str, Any]:
    client, _ = open_store(tracking_uri(results), results)
    return {
        name: (
            run.to_dictionary(),
            {key: [m.to_dictionary() for m in client.get_metric_history(run.info.run_id, key)]
             for key in run.data.metrics},
        )
        for name, run in runs(results).items()
    }  # fmt: skip


def write(results: Path, *events: Any) -> None:
    with Journal(results) as journal:
        for one in events:
            journal.append(one)


def sync(results: Path) -> bool:
    return Tracker(results, tracking_uri(results), never).sync()


def test_a_sweep_is_a_parent_with_its_trials_below_it(results: Path) -> None:
    write(
        results,
        sweep_event("a", "b"),
        event("a", provenance=PROVENANCE, worker={"device": "cpu"}),
        event("b", kind="failed"),
    )
    assert sync(results)
    found = runs(results)
    parent, trial, failed = found["quickstart"], found["a"], found["b"]
    assert parent.data.tags[KIND_TAG] == KIND_SWEEP
    assert "name: quickstart" in parent.data.tags[SPEC_TAG]
    assert parent.data.tags["unremember.trials"] == "2"
    assert parent.data.tags["unremember.finished"] == "1"
    assert parent.info.status == "FAILED"
    assert trial.info.status == "FINISHED"
    assert (trial.info.start_time, trial.info.end_time) == (1_700_000_000_000, 1_700_000_010_000)
    assert trial.data.metrics == {"idia_tpr": 0.25, "sim_clean": 0.98, "train/loss": 1.0}
    assert trial.data.params["num_names"] == "1"
    assert trial.data.params["lr_milestones"] == str(list(CONFIG.lr_milestones))
    assert trial.data.tags[PARENT_TAG] == parent.info.run_id
    assert trial.data.tags[membership_tag("quickstart")] == "1"
    assert trial.data.tags[COMMIT_TAG] == "0123456789abcdef"
    assert trial.data.tags["unremember.versions.torch"] == "2.9"
    assert trial.data.tags["unremember.worker.device"] == "cpu"
    assert failed.info.status == "FAILED"
    assert failed.data.tags[ERROR_TAG] == "the loss became nan at step 3"


def test_a_curve_keeps_its_steps_in_batches(results: Path) -> None:
    curve = [{"step": step, "loss": 1 / step, "learning_rate": 1e-3} for step in range(1, 1201)]
    write(results, sweep_event("a"), event("a", curve=curve))
    assert sync(results)
    client, _ = open_store(tracking_uri(results), results)
    history = client.get_metric_history(runs(results)["a"].info.run_id, "train/loss")
    assert [m.step for m in history] == list(range(1, 1201))
    assert history[-1].timestamp == 1_700_000_010_000


def test_a_run_says_who_was_unlearned_however_many(results: Path) -> None:
    people = [
        PersonOutcome(person=f"p-{number:012x}", before=2**21 - 1, after=number)
        for number in range(200)
    ]
    write(results, sweep_event("a", "b"), event("a", people=people), event("b", kind="failed"))
    assert sync(results)
    found = runs(results)
    assert people_of(found["a"].data.tags) == people
    assert people_of(found["b"].data.tags) is None


def test_writing_twice_changes_nothing(results: Path) -> None:
    write(results, sweep_event("a", "b"), event("a"), event("b", kind="failed"))
    assert sync(results)
    before = snapshot(results)
    assert sync(results)
    assert snapshot(results) == before
    client, experiment = open_store(tracking_uri(results), results)
    for name in list(client.get_experiment(experiment).tags):
        if name.startswith("unremember.journal"):  # the store forgets how far it has followed
            client.set_experiment_tag(experiment, name, "")
    assert sync(results)
    assert snapshot(results) == before


def test_a_trial_that_failed_becomes_finished_in_place(results: Path) -> None:
    write(results, sweep_event("a"), event("a", kind="failed"))
    assert sync(results)
    before = runs(results)["a"]
    write(results, event("a", kind="retried"), event("a", ended_at=1_700_000_090.0))
    assert sync(results)
    after = runs(results)["a"]
    assert after.info.run_id == before.info.run_id
    assert after.info.status == "FINISHED"
    assert after.info.end_time == 1_700_000_090_000
    assert ERROR_TAG not in after.data.tags
    assert runs(results)["quickstart"].info.status == "FINISHED"


@pytest.mark.parametrize("call", ["log_batch", "set_terminated", "create_run"])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_left_half_written_is_completed(
    results: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: bool
) -> None:
    write(results, sweep_event("a"), event("a"))
    real = getattr(MlflowClient, call)

    class KilledError(BaseException):
        pass

    def killed(self: MlflowClient, *args: Any, **kwargs: Any) -> Any:
        if "n=1" in str(kwargs) or kwargs.get("metrics") or "FINISHED" in args:
            if after:
                real(self, *args, **kwargs)
            raise KilledError
        return real(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, call, killed)
        with pytest.raises(KilledError):
            sync(results)
    assert sync(results)
    run = runs(results)["a"]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["idia_tpr"] == 0.25
    assert run.data.params["num_names"] == "1"


def test_a_shared_trial_is_one_run_of_both_sweeps(results: Path) -> None:
    write(results, sweep_event("a"), event("a"))
    assert sync(results)
    write(results, sweep_event("a", "b", name="second"))
    assert sync(results)
    tags = runs(results)["a"].data.tags
    assert {tags[membership_tag("quickstart")], tags[membership_tag("second")]} == {"1"}
    assert runs(results)["second"].info.status == "KILLED"  # b is left
    frame = load_runs(tracking_uri(results), "second")
    assert frame["trial_key"].to_list() == ["a"]


def test_a_store_that_was_deleted_is_filled_again(results: Path, empty_store: bytes) -> None:
    write(results, sweep_event("a"), event("a"))
    assert sync(results)
    (results / "mlflow.db").write_bytes(empty_store)
    assert sync(results)
    assert runs(results)["a"].info.status == "FINISHED"


def test_finished_trials_are_found_by_few_and_by_many(results: Path) -> None:
    write(results, sweep_event("a", "b"), event("a"), event("b", kind="failed"))
    assert sync(results)
    many = {"a", "b", *(f"k{i}" for i in range(30))}
    for keys in ({"a", "b", "c"}, many):
        mirror = Mirror(*open_store(tracking_uri(results), results))
        assert mirror.finished(keys) == {"a"}


def test_the_background_follows_the_journal(results: Path) -> None:
    tracker = Tracker(results, tracking_uri(results), never)
    with Journal(results) as journal:
        journal.append(sweep_event("a"))
        tracker.start()
        journal.append(event("a"))
        tracker.notify()
        assert tracker.close()
    assert runs(results)["a"].info.status == "FINISHED"
    assert runs(results)["quickstart"].info.status == "FINISHED"


def test_at_rest_the_store_is_one_plain_file(results: Path) -> None:
    write(results, sweep_event("a"), event("a"))
    assert sync(results)
    settle(tracking_uri(results))
    assert (results / "mlflow.db").read_bytes()[18:20] == b"\1\1"  # not a write-ahead log
    assert not list(results.glob("mlflow.db-*"))


def test_a_server_that_is_down_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    warnings: list[str] = []
    tracker = Tracker(tmp_path, f"http://user:secret@127.0.0.1:{port}", warnings.append)
    assert tracker.finished(["a"]) == set()
    tracker.start()
    write(tmp_path, sweep_event("a"), event("a"))
    tracker.notify()
    time.sleep(0.1)
    assert not tracker.close()
    assert not Tracker.sync(tracker)
    (warning,) = warnings
    assert "does not answer" in warning
    assert "unremember sync" in warning
    assert "secret" not in warning


@pytest.mark.parametrize("uri", ["nonsense://x", "sqlite:////proc/none/mlflow.db"])
def test_an_address_that_no_store_can_have(tmp_path: Path, uri: str) -> None:
    with pytest.raises(UserError, match="cannot track to"):
        Tracker(tmp_path, uri, never).finished(["a"])


def test_the_address_is_asked_for_then_in_the_environment_then_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://x")
    assert tracking_uri(tmp_path) == "http://x"
    assert tracking_uri(tmp_path, "http://y") == "http://y"
