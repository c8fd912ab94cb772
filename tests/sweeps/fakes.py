"""Trials that cost nothing, for tests and measurements of everything around them."""

import os
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import ray
from ray import tune

from sweeps.events import TrialEvent
from sweeps.journal import Journal
from sweeps.spec import load_sweep
from sweeps.trials import Trial
from trainables.metrics import CURVE_METRICS, METRICS

CONFIG = load_sweep("quickstart").trials()[0]


def event(key: str = "0" * 16, *, kind: str = "finished", **changes: Any) -> TrialEvent:
    """Make an event of a trial."""
    fields: dict[str, Any] = {
        "kind": kind,
        "trial_key": key,
        "sweeps": ("quickstart",),
        "config": CONFIG.model_dump(mode="json"),
        "started_at": 1_700_000_000.0,
        "ended_at": 1_700_000_010.0,
        "duration_s": 10.0,
    }
    if kind == "finished":
        fields["metrics"] = {"idia_tpr": 0.25, "sim_clean": 0.98}
        fields["curve"] = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}]
    if kind == "failed":
        fields["error"] = "the loss became nan at step 3"
    return TrialEvent.model_validate(fields | changes)


def make_trials(num_trials: int, *, num_seeds: int = 10**9) -> list[Trial]:
    """Make trials that differ in their seed."""
    configs = [CONFIG.model_copy(update={"seed": seed % num_seeds}) for seed in range(num_trials)]
    return [Trial(f"{i:016x}", config, ("many",)) for i, config in enumerate(configs)]


class Noop(tune.Trainable):
    """A trial that is over at once, with an outcome of the usual size."""

    def setup(self, config: dict[str, Any], jobs: dict[str, Any], shared: dict[str, Any]) -> None:
        self.jobs = jobs
        self.shared = {name: ray.get(reference) for name, reference in shared.items()}
        self.key = config["trial_key"]
        self.num_steps = 0

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.key = new_config["trial_key"]
        self.num_steps = 0
        return True

    def step(self) -> dict[str, Any]:
        return self.finished()

    @property
    def job(self) -> dict[str, Any]:
        return self.jobs[self.key]

    def finished(self) -> dict[str, Any]:
        # As many numbers as a real trial: all metrics, and eight reports.
        steps = range(25, 201, 25)
        return {
            "done": True,
            "outcome": {
                "status": "finished",
                "metrics": dict.fromkeys(METRICS, 1 / 7) | {"idia_tpr": 0.5},
                "curve": [
                    {"step": step} | dict.fromkeys(CURVE_METRICS, 1 / step) for step in steps
                ],
                "people": [{"person": "Ada Byron", "before": 3, "after": 1}],
                "worker": {"device": "cpu", "num_threads": 1, "hostname": "here"},
                "duration_s": 0.01,
            },
        }


class Reporting(Noop):
    """A trial that reports ten times before it is over."""

    def step(self) -> dict[str, Any]:
        self.num_steps += 1
        if self.num_steps == 11:
            return self.finished()
        time.sleep(0.01)
        return {"step": self.num_steps, "num_steps": 10, "loss": 1 / self.num_steps, "done": False}


class Failing(Noop):
    """A trial that fails if its seed is odd, unless a file says that all is well."""

    def step(self) -> dict[str, Any]:
        if self.job["seed"] % 2 == 0 or Path(self.shared["well"]).exists():
            return self.finished()
        outcome = {"status": "failed", "error": "the loss became nan at step 3", "step": 3}
        return {"done": True, "outcome": outcome | {"traceback": "Traceback: here"}}


class Raising(Noop):
    """A trial with a bug."""

    def step(self) -> dict[str, Any]:
        raise ZeroDivisionError("a bug")


class Sleeping(Noop):
    """A trial of some seconds that writes down that it started."""

    def step(self) -> dict[str, Any]:
        with Path(self.shared["started"]).open("a") as file:
            file.write(f"{self.key} {os.getpid()}\n")
        time.sleep(self.shared["seconds"])
        return self.finished()


class Dying(Noop):
    """A trial whose process is killed: the first time only, or always when `shared` says so."""

    def step(self) -> dict[str, Any]:
        died = Path(self.shared["died"]) / self.key
        if self.shared.get("always") or not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.finished()


def shared_in(root: Path, *, seconds: float = 0.5, always: bool = False) -> dict[str, Any]:
    """Tell fakes where they leave their traces."""
    (root / "died").mkdir(exist_ok=True)
    return {
        "well": str(root / "well"),
        "started": str(root / "started"),
        "died": str(root / "died"),
        "seconds": seconds,
        "always": always,
    }


class Clock:
    """Notes when trials end and how much memory the driver takes."""

    def __init__(self) -> None:
        self.ended_at: list[float] = []
        self.rss_mb: list[float] = []

    def started(self, trial: Trial) -> None:
        return

    def reported(self, trial: Trial, report: dict[str, Any]) -> None:
        return

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        self.ended_at.append(time.perf_counter())
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.rss_mb.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    def tick(self) -> None:
        return


def measure_overhead(
    results: Path, num_trials: int = 1000, *, track: bool = True
) -> dict[str, Any]:
    """Run trials that cost nothing; tell trials a second and the driver's memory.

    Rates leave the start of Ray and of its workers out; `wall_s` holds everything.
    """
    from sweeps.connect import settle, tracking_uri
    from sweeps.engine import _Notify
    from sweeps.events import SweepEvent
    from sweeps.launch import run_trials
    from sweeps.provenance import provenance
    from sweeps.tracking import Tracker

    begin = time.perf_counter()
    trials = make_trials(num_trials)
    clock = Clock()
    facts = provenance()
    uri = tracking_uri(results)
    with Journal(results) as journal:
        sweep = {"name": "many", "preset": "builtin", "description": "", "fixed": {}, "axes": {}}
        keys = tuple(trial.key for trial in trials)
        journal.append(SweepEvent(sweep=sweep, trial_keys=keys, at=time.time(), provenance=facts))
        tracker = Tracker(results, uri, warnings.warn)
        observers: list[Any] = [clock]
        if track:
            tracker.finished(keys)
            tracker.start()
            observers.append(_Notify(tracker))
        run_trials(trials, journal, Noop, {}, observers=observers, provenance=facts)
        if track:
            assert tracker.close()
            settle(uri)
    end = time.perf_counter()
    first, last = clock.ended_at[0], clock.ended_at[-1]
    return {
        "trials": num_trials,
        "trials_per_s": (num_trials - 1) / (last - first),
        "trials_per_s_tracked": (num_trials - 1) / (end - first),
        "wall_s": end - begin,
        "rss_mb_first": clock.rss_mb[0],
        "rss_mb_last": clock.rss_mb[-1],
    }
