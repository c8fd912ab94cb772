"""What a search takes from other runs, and what other commands make of a search."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis.runs import load_runs
from sweeps.command import failed_sweeps
from sweeps.connect import settle, tracking_uri
from sweeps.events import SweepEvent, TrialEvent
from sweeps.journal import Journal
from sweeps.searching.known import Ended, Known
from sweeps.show import status_text
from sweeps.spec import load_sweep
from sweeps.standing import read_record
from sweeps.tracking import Tracker
from tests.sweeps.fakes import event
from tests.sweeps.searching import trainables
from trainables.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
A, B, C = "a" * 16, "b" * 16, "c" * 16


def search_event(*keys: str) -> SweepEvent:
    search: Mapping[str, Any] = trainables.search().to_dict()
    return SweepEvent(sweep=dict(search), trial_keys=keys, at=1_700_000_000.0)


def journal(results: Path, *events: TrialEvent | SweepEvent) -> Path:
    with Journal(results) as file:
        for each in events:
            file.append(each)
    return results


def never(message: str) -> None:
    raise AssertionError(message)


def track(results: Path, uri: str) -> None:
    with Journal(results):
        assert Tracker(results, uri, never).sync()
    settle(uri)


@pytest.mark.slow
def test_a_trial_that_finished_elsewhere_is_known_by_the_tracking_store(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    uri = tracking_uri(there)
    track(journal(there, event(A), event(B, kind="failed")), uri)
    known = Known("formula", [0], journal(here, search_event(A)), uri)
    found = known.find(A)
    assert found == Ended("finished", {"idia_tpr": 0.25, "sim_clean": 0.98})  # and no curve
    assert known.find(B) is None
    assert known.find(C) is None
    track(here, uri)
    frame = load_runs(uri, "formula")
    assert frame["trial_key"].to_list() == [A]
    assert frame["status"].to_list() == ["FINISHED"]


@pytest.mark.usefixtures("no_store")
def test_the_latest_word_of_the_journal_counts(tmp_path: Path) -> None:
    seed = event(A).config["seed"]
    journal(
        tmp_path, event(A, kind="failed"), event(A, kind="retried"), event(A, kind="lost"),
        event(B, kind="failed"), event(C, kind="failed"), event(C),
    )  # fmt: skip
    known = Known("formula", [seed], tmp_path, "sqlite:///none")
    assert known.find(A) is None
    assert known.find(B) == Ended("failed", {}, "the loss became nan at step 3")
    assert known.find(C) == Ended("finished", event(C).metrics)
    assert Known("formula", [seed + 1], tmp_path, "sqlite:///none").find(C) is None


def test_a_search_stands_beside_the_sweeps(tmp_path: Path) -> None:
    of_search = event(A, kind="failed", sweeps=("formula",))
    record = read_record(journal(tmp_path, search_event(), of_search, event(B, kind="pruned")))
    assert not record.sweeps
    assert record.searches["formula"].name == "formula"
    assert record.keys("pruned") == {B}
    text = status_text(record)
    assert text.startswith("formula: a search for 4 candidates, trials: 0 finished, 1 failed, last")
    with pytest.raises(UserError, match="are those of searches, which have counted them"):
        failed_sweeps(tmp_path)


def test_a_search_is_no_sweep() -> None:
    with pytest.raises(UserError, match="is a search and not a sweep: `unremember search` runs it"):
        load_sweep("text-tradeoff")
