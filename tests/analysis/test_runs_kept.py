"""What was read of a store is kept; after every change, frames are as if all were read anew."""

import math
import shutil

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analysis.runs import load_runs
from analysis.runs.columns import frame_schema
from analysis.store import membership_tag
from sweeps.mirror import Mirror
from tests.analysis.stores import START_S, Store, keys_of
from trainables.outcome import PersonOutcome

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
CLASSES = "cifar10/zeroshot_top1"


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


def check(store, asked, anew):
    """Read on, and compare; tells what was asked for."""
    asked.clear()
    frame = load_runs(store.uri, None)
    said = list(asked)
    assert_frame_equal(frame, anew(store.uri))
    return frame, said


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
    tmp_path, empty_store, make_config, asked, anew
):
    store = Store(tmp_path / "mlflow.db", empty_store, make_config)
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


def test_a_store_made_anew_in_the_same_place_is_another(
    store, asked, anew, empty_store, make_config
):
    load_runs(store.uri, None)
    store.path.unlink()
    # Within a process MLflow keeps the file open.
    store.client._tracking_client.store.engine.dispose()
    other = Store(store.path, empty_store, make_config)
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
