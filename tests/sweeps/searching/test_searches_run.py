"""Searches through Tune, with trials that cost nothing; drivers are killed and interrupted."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import ray
from rich.console import Console

from sweeps.events import TrialEvent
from sweeps.journal import Journal, read_events
from sweeps.launch import run_trials
from sweeps.live import PlainView
from sweeps.searching.board import SearchBoard
from sweeps.searching.judging import CandidateWork
from sweeps.searching.known import Known
from sweeps.searching.lease import Lease
from sweeps.searching.storage import load_study, storage_url
from sweeps.searching.study import candidates_of, open_study
from sweeps.show import status_text
from sweeps.standing import read_record
from tests.sweeps import fakes
from tests.sweeps.searching import driver, trainables
from trainables.errors import UserError
from trainables.fingerprints import fingerprints

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def run(root: Path, kind: type, **changes: Any) -> optuna.Study:
    search = trainables.search(**changes)
    study = open_study(search, optuna.storages.InMemoryStorage())
    board = SearchBoard(search.objectives, search.num_candidates)
    known = Known(search.name, search.seeds, root, "sqlite:///none")
    work = CandidateWork(search, study, known, fingerprints, board)
    shared = fakes.shared_in(root)
    with Journal(root / "results") as journal:
        view = PlainView(board, Console(file=io.StringIO()))
        run_trials(work, journal, kind, shared, observers=[view])
        journal.append(work.event({}))
    assert work.is_over
    return study


def events_in(root: Path) -> list[TrialEvent]:
    return [e for e in read_events(root / "results") if isinstance(e, TrialEvent)]


def start(folder: Path, hangs_at: int) -> subprocess.Popen[str]:
    """Start a driver, and wait until one of all the trials that have started hangs."""
    command = [sys.executable, "-m", "tests.sweeps.searching.driver", str(folder), str(hangs_at)]
    environment = {name: v for name, v in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not hangs(folder, hangs_at):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    return process


def hangs(folder: Path, hangs_at: int) -> bool:
    started = folder / "started"
    return started.exists() and len(started.read_text().splitlines()) >= hangs_at


def interrupt_here(folder: Path, hangs_at: int) -> int:
    """Be a driver whose user gives up when a trial hangs; give its exit code."""
    is_over = threading.Event()

    def give_up() -> None:
        while not is_over.wait(0.1):
            if hangs(folder, hangs_at):
                os.kill(os.getpid(), signal.SIGINT)
                return

    thread = threading.Thread(target=give_up)
    thread.start()
    try:
        return driver.main(str(folder), str(hangs_at))
    finally:
        is_over.set()
        thread.join()


def driver_in(folder: Path) -> Any:
    return load_study("formula", storage_url(folder / "results"))[1].user_attrs["driver"]


# The first, while no other test's Ray runs here: its drivers have their own, as users have.
def test_a_search_that_is_stopped_goes_on_to_exactly_the_number_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not ray.is_initialized()
    results = tmp_path / "results"
    killed = start(tmp_path, 3)
    refused = pytest.raises(UserError, match=f"another driver .process {killed.pid} on ")
    with Lease(tmp_path, print, print) as other, refused:
        open_study(driver.SEARCH, storage_url(results), (), other.take)
    killed.kill()
    killed.communicate()
    assert len(read_record(results).keys("finished")) == 2
    assert driver_in(tmp_path)["pid"] == killed.pid
    # Each begins with the trial that hung before: three starts more are two more that end.
    terminated = start(tmp_path, 6)
    terminated.terminate()
    _, err = terminated.communicate()
    assert terminated.returncode == 128 + signal.SIGTERM
    check_interrupted(tmp_path, err, "1 done, 2 to go", num_finished=4)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert interrupt_here(tmp_path, 8) == 128 + signal.SIGINT
    check_interrupted(tmp_path, capsys.readouterr().err, "2 done, 1 to go", num_finished=5)
    assert driver.main(str(tmp_path), "0") == 0
    out, err = capsys.readouterr()
    assert "3 candidates, each on 2 seeds: 2 done, 1 to go" in err
    assert "formula: 3/3 candidates; best: Sim Clean" in err
    assert out == ""
    events = events_in(tmp_path)
    assert len(events) == len({event.trial_key for event in events}) == 6
    _, study = load_study("formula", storage_url(results))
    assert [candidate.state for candidate in candidates_of(study)] == ["complete"] * 3
    assert len(read_record(results).searches["formula"].trial_keys) == 6
    assert not list(results.glob("search-*"))


def check_interrupted(folder: Path, err: str, summary: str, num_finished: int) -> None:
    assert f"3 candidates, each on 2 seeds: {summary}" in err
    assert "go on to the number asked for with: " in err
    assert "Traceback" not in err
    assert len(read_record(folder / "results").keys("finished")) == num_finished
    assert driver_in(folder) is None


@pytest.mark.usefixtures("cluster", "no_store")
def test_each_seed_of_a_candidate_is_a_trial_like_any_other(tmp_path: Path) -> None:
    study = run(tmp_path, trainables.Formula, num_candidates=3)
    assert [candidate.state for candidate in candidates_of(study)] == ["complete"] * 3
    events = events_in(tmp_path)
    assert len(events) == len({event.trial_key for event in events}) == 9
    assert {(event.kind, event.sweeps) for event in events} == {("finished", ("formula",))}
    alphas = {candidate.params["alpha"] for candidate in candidates_of(study)}
    assert {event.trial.alpha for event in events} == alphas
    status = status_text(read_record(tmp_path / "results"))
    assert status.startswith("formula: a search for 3 candidates, trials: 9 finished, 0 failed")


@pytest.mark.usefixtures("cluster", "no_store")
def test_a_seed_that_diverges_fails_its_candidate(tmp_path: Path) -> None:
    study = run(tmp_path, trainables.Diverging, num_candidates=2)
    assert [candidate.state for candidate in candidates_of(study)] == ["failed"] * 2
    assert study.get_trials()[0].user_attrs["error"] == "the loss became nan"
    assert [event.kind for event in events_in(tmp_path)].count("failed") == 2


@pytest.mark.usefixtures("cluster", "no_store")
@pytest.mark.parametrize("by", ["asha", "median"])
def test_trials_that_do_worse_while_they_train_are_stopped(tmp_path: Path, by: str) -> None:
    study = run(
        tmp_path, trainables.Reporting, num_candidates=12, seeds=[0], confirmation_seeds=[1],
        objectives=["sim_clean"], constraints={}, prune={"metric": "val_sim_clean", "by": by},
    )  # fmt: skip
    candidates = candidates_of(study)
    pruned = [each for each in candidates if each.state == "pruned"]
    complete = [each for each in candidates if each.state == "complete"]
    assert len(pruned) + len(complete) == 12
    assert pruned
    assert complete
    best = min(candidates, key=lambda each: each.params["alpha"])
    assert best in complete
    events = events_in(tmp_path)
    steps = [event.step for event in events if event.kind == "pruned"]
    assert len(steps) == len(pruned)
    assert all(step is not None and 2 <= step <= 8 for step in steps)
    assert read_record(tmp_path / "results").keys("pruned") == {
        event.trial_key for event in events if event.kind == "pruned"
    }
