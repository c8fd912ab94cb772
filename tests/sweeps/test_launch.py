from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from sweeps.cluster import Resources, ray_cluster
from sweeps.errors import InterruptedRunError
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal, read_events
from sweeps.launch import run_trials
from sweeps.logs import log_path
from sweeps.standing import read_record
from tests.sweeps import fakes
from trainables.errors import UserError
from trainables.outcome import PersonOutcome

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def run(root: Path, kind: type, num_trials: int, **shared: Any) -> dict[str, set[str]]:
    traces = fakes.shared_in(root, **shared)
    with Journal(root / "results") as journal:
        run_trials(fakes.make_trials(num_trials), journal, kind, traces, provenance={"a": 1})
    record = read_record(root / "results")
    return {kind: record.keys(kind) for kind in ("finished", "failed", "lost")}  # type: ignore[misc]


def test_every_trial_is_journaled_with_all_that_is_known(tmp_path: Path) -> None:
    trials = fakes.make_trials(200)
    clock = fakes.Clock()
    with Journal(tmp_path) as journal:
        run_trials(trials, journal, fakes.Noop, {}, observers=[clock], provenance={"git": "x"})
    events = {event.trial_key: event for event in read_events(tmp_path)}  # type: ignore[union-attr]
    assert events.keys() == {trial.key for trial in trials}
    assert len(clock.ended_at) == 200
    first = events[trials[0].key]
    assert first.kind == "finished"
    assert first.trial == trials[0].config
    assert first.metrics["idia_tpr"] == 0.5
    assert len(first.curve) == 8
    assert first.people == (PersonOutcome(person="Ada Byron", before=3, after=1),)
    assert first.worker["device"] == "cpu"
    assert first.provenance == {"git": "x"}
    assert first.duration_s == 0.01
    assert first.started_at <= first.ended_at
    assert list((tmp_path / "ray").iterdir()) == []


def test_a_trial_that_fails_is_a_result_with_a_log(tmp_path: Path) -> None:
    kinds = run(tmp_path, fakes.Failing, 4)
    assert len(kinds["finished"]) == len(kinds["failed"]) == 2
    key = min(kinds["failed"])
    assert read_record(tmp_path / "results").trials[key].error == "the loss became nan at step 3"
    log = log_path(tmp_path / "results", key).read_text()
    assert "failed at step 3: the loss became nan" in log
    assert "num_names: 1" in log
    assert "Traceback: here" in log


def test_a_trial_whose_worker_is_killed_runs_again(tmp_path: Path) -> None:
    kinds = run(tmp_path, fakes.Dying, 2)
    assert len(kinds["finished"]) == 2
    events = list(read_events(tmp_path / "results"))
    assert [event.kind for event in events].count("lost") == 2


def test_a_worker_that_always_dies_is_given_up(tmp_path: Path) -> None:
    kinds = run(tmp_path, fakes.Dying, 1, always=True)
    (key,) = kinds["failed"]
    assert read_record(tmp_path / "results").trials[key].error == "its worker process died"


def test_a_bug_outside_of_the_trial_is_named(tmp_path: Path) -> None:
    kinds = run(tmp_path, fakes.Raising, 1)
    (key,) = kinds["failed"]
    assert read_record(tmp_path / "results").trials[key].error == "ZeroDivisionError: a bug"
    assert "fakes.py" in log_path(tmp_path / "results", key).read_text()


def test_reports_reach_the_observers(tmp_path: Path) -> None:
    seen: list[tuple[int, float]] = []

    class Watch(fakes.Clock):
        def reported(self, trial: Any, report: Any) -> None:
            seen.append((report["step"], report["loss"]))

    with Journal(tmp_path) as journal:
        run_trials(fakes.make_trials(1), journal, fakes.Reporting, {}, observers=[Watch()])
    assert seen == [(step, 1 / step) for step in range(1, 11)]


def test_a_disk_that_is_full_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(tmp_path) as journal:

        def full(event: Any) -> None:
            raise UserError("cannot write to the journal: No space left on device.")

        monkeypatch.setattr(journal, "append", full)
        with pytest.raises(UserError, match="No space left"):
            run_trials(fakes.make_trials(2), journal, fakes.Noop, {})


def test_a_signal_stops_the_run_between_two_events(tmp_path: Path) -> None:
    interrupt = Interrupt()

    class Press(fakes.Clock):
        def ended(self, trial: Any, event: Any) -> None:
            interrupt._on_signal(2, None)

    with Journal(tmp_path) as journal, pytest.raises(InterruptedRunError):
        run_trials(
            fakes.make_trials(50), journal, fakes.Noop, {}, observers=[Press()], interrupt=interrupt
        )
    assert 1 <= len(read_record(tmp_path).keys("finished")) < 50


def test_a_trial_that_fits_nowhere() -> None:
    with (
        pytest.raises(UserError, match="no trial fits: it asks for 64 CPUs"),
        ray_cluster(Resources(cpus_per_trial=64)),
    ):
        pass


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        (Resources(cpus_per_trial=-1), "cannot be negative"),
        (Resources(cpus_per_trial=0), "needs --gpus-per-trial"),
        (Resources(max_concurrent=0), "--max-concurrent must be at least 1"),
    ],
)
def test_resources_that_make_no_sense(resources: Resources, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        resources.check()


def test_no_trial_starts_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        run_trials([], journal, fakes.Noop, {})
    assert not (tmp_path / "ray").exists()
