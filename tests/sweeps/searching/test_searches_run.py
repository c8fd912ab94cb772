"""Searches through Tune, with trials that cost nothing; a driver is killed, one interrupted."""

import io
import os
import signal
import subprocess
import sys
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
from sweeps.searching.storage import load_study, storage_url
from sweeps.searching.study import candidates_of, open_study
from sweeps.show import status_text
from sweeps.standing import read_record
from tests.sweeps import fakes
from tests.sweeps.searching import trainables
from trainables.fingerprints import fingerprints

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
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
    shared = fakes.shared_in(root, seconds=0)
    with Journal(root / "results") as journal:
        view = PlainView(board, Console(file=io.StringIO()))
        run_trials(work, journal, kind, shared, observers=[view])
        journal.append(work.event({}))
    assert work.is_over
    return study


def events_in(root: Path) -> list[TrialEvent]:
    return [e for e in read_events(root / "results") if isinstance(e, TrialEvent)]


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


def start(folder: Path, kind: str, num_candidates: int, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.sweeps.searching.driver", str(folder), kind,
               str(num_candidates), str(seconds)]  # fmt: skip
    environment = {name: v for name, v in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_until(driver: subprocess.Popen[str], folder: Path, num_started: int) -> None:
    path = folder / "started"
    while not path.exists() or len(path.read_text().splitlines()) < num_started:
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.1)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_a_search_that_was_stopped_goes_on_to_the_number_asked_for(
    tmp_path: Path, signum: signal.Signals
) -> None:
    driver = start(tmp_path, "Formula", 3, 1)
    wait_until(driver, tmp_path, 5)
    driver.send_signal(signum)
    _, err = driver.communicate()
    if signum == signal.SIGINT:
        assert driver.returncode == 130
        assert "go on to the number asked for with: driver.py" in err
        assert "Traceback" not in err
    before = read_record(tmp_path / "results").keys("finished")
    assert len(before) in (4, 5)
    again = start(tmp_path, "Formula", 3, 0)
    out, err = again.communicate()
    assert again.returncode == 0, err
    assert "3 candidates, each on 3 seeds: 1 done, 2 to go" in err
    assert "formula: 3/3 candidates; best: Sim Clean" in err
    events = events_in(tmp_path)
    assert len(events) == len({event.trial_key for event in events}) == 9
    _, study = load_study("formula", storage_url(tmp_path / "results"))
    assert [candidate.state for candidate in candidates_of(study)] == ["complete"] * 3
    record = read_record(tmp_path / "results")
    assert len(record.searches["formula"].trial_keys) == 9
    assert out == ""
