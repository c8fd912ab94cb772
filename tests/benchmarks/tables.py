"""All tables of the paper's 700 trials out of a store of 10,000 runs: the first time, and again."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
from polars.testing import assert_frame_equal

from analysis.runs import load_runs
from analysis.store import EXPERIMENT
from sweeps.connect import open_store, settle
from sweeps.events import SweepEvent, TrialEvent, encode
from sweeps.journal import journal_path
from sweeps.mirror import Mirror
from sweeps.spec import Sweep, load_sweep, sweep_from
from sweeps.trials import Lenient, Trial, keyed
from tests.benchmarks.all_tables import TABLES
from tests.benchmarks.bulk import BulkClient
from trainables.fingerprints import fingerprints
from trainables.metrics import CURVE_METRICS, metrics_of
from trainables.outcome import PersonOutcome
from trainables.paths import CACHE_VARIABLE, PROFILE_VARIABLE

_NUM_RUNS = 10_000
_CELLS = {
    "alpha": [0.1, 0.3, 0.6, 1.2, 2.4], "beta": [0, 0.001, 0.01, 0.1], "num_names": [1, 8, 64]
}  # fmt: skip
_PROVENANCE = {
    "git_commit": "0" * 40, "git_dirty": False, "hostname": "here", "cpu": "a processor",
    "num_cpus": 2, "versions": {"python": "3.12", "torch": "2.9", "mlflow": "3.17"},
    "command": "unremember run table5",
}  # fmt: skip
_START_S = 1.7e9
_TRIAL_S = 60.0

Event = SweepEvent | TrialEvent


def measure() -> str:
    """Measure processes from their start to all tables in all formats, and reading alone."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        here = {CACHE_VARIABLE: f"{folder}/cache", PROFILE_VARIABLE: f"{folder}/none.yaml"}
        with patch.dict(os.environ, here):
            uri = _write(results, list(_events()))
            _check(results, list(islice(_events(), 6)))
            first_s = _seconds(lambda: _tables(results))
            again_s = statistics.median(_seconds(lambda: _tables(results)) for _ in range(3))
            _add(results, uri)
            added_s = _seconds(lambda: _tables(results))
            kept_s = statistics.median(_seconds(lambda: load_runs(uri, None)) for _ in range(5))
            plain_s = _seconds(lambda: _plain(uri))
    return (
        f"tables         {_NUM_RUNS:,} runs to five tables in six formats, from the start of a "
        f"process: {first_s:.1f} s the first time, {again_s:.1f} s again, {added_s:.1f} s after "
        f"one more trial; runs alone in {kept_s:.2f} s, {plain_s / kept_s:.0f}x faster than "
        f"through MLflow ({plain_s:.1f} s)"
    )


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _tables(results: Path) -> None:
    out = results / "tables"
    out.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "tests.benchmarks.all_tables", str(results), str(out)]
    subprocess.run(program, check=True)


def _settle(results: Path, uri: str) -> None:
    """Leave the store as a run does, and older than what is not trusted to be as it was."""
    settle(uri)
    before = time.time() - 60
    os.utime(results / "mlflow.db", (before, before))


def _plain(uri: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    experiment_id = client.get_experiment_by_name(EXPERIMENT).experiment_id
    token: str | None = ""
    while token is not None:
        token = client.search_runs([experiment_id], max_results=1000, page_token=token).token


def _write(results: Path, events: Sequence[Event]) -> str:
    """Write journal and store, the store at once; give its address."""
    with journal_path(results).open("wb") as journal:
        journal.writelines(encode(event) for event in events)
    uri = f"sqlite:///{results / 'mlflow.db'}"
    client, experiment_id = open_store(uri, results)
    bulk = BulkClient(client, experiment_id)
    _mirror(events, Mirror(bulk, experiment_id))
    bulk.insert(results / "mlflow.db")
    _settle(results, uri)
    return uri


def _mirror(events: Sequence[Event], mirror: Mirror) -> None:
    asked = []
    for event in events:
        mirror.write(event)
        asked += [event] if isinstance(event, SweepEvent) else []
    for event in asked:
        num_trials = len(event.trial_keys)
        mirror.write_counts(event, num_trials, 0, event.at + _TRIAL_S * num_trials)


def _check(results: Path, events: Sequence[Event]) -> None:
    """Hold runs that were written at once against runs that MLflow wrote."""
    frames = []
    for name, write in (("bulk", _write), ("plain", _write_plainly)):
        (results / name).mkdir()
        frames.append(load_runs(write(results / name, events), None).drop("run_id"))
    assert_frame_equal(*frames)


def _write_plainly(results: Path, events: Sequence[Event]) -> str:
    uri = f"sqlite:///{results / 'mlflow.db'}"
    _mirror(events, Mirror(*open_store(uri, results)))
    _settle(results, uri)
    return uri


def _add(results: Path, uri: str) -> None:
    """Run a sweep of one more trial."""
    more = load_sweep(TABLES[0]).to_dict()
    more |= {"name": "more", "axes": {"num_names": [1], "seeds": [99]}}
    _mirror(list(_events_of(sweep_from(more, "more"))), Mirror(*open_store(uri, results)))
    _settle(results, uri)


def _events() -> Iterator[Event]:
    for sweep in _sweeps():
        yield from _events_of(sweep)


def _sweeps() -> list[Sweep]:
    papers = [load_sweep(name) for name in TABLES]
    num_cells = int(np.prod([len(values) for values in _CELLS.values()]))
    num_seeds = (_NUM_RUNS - sum(len(sweep.trials()) for sweep in papers)) // num_cells
    # Seeds that the tables do not have: no trial is shared.
    axes = _CELLS | {"seeds": [100 + seed for seed in range(num_seeds)]}
    other = papers[0].to_dict() | {"name": "other", "axes": axes}
    return [*papers, sweep_from(other, "other")]


def _events_of(sweep: Sweep) -> Iterator[Event]:
    trials = keyed([sweep], Lenient(fingerprints))
    keys = tuple(trial.key for trial in trials)
    yield SweepEvent(sweep=sweep.to_dict(), trial_keys=keys, at=_START_S, provenance=_PROVENANCE)
    rng = np.random.default_rng(0)
    for number, trial in enumerate(trials):
        yield _event(trial, _START_S + _TRIAL_S * number, rng)


def _event(trial: Trial, start: float, rng: np.random.Generator) -> TrialEvent:
    num_steps = trial.config.num_steps
    steps = range(num_steps // 8, num_steps + 1, num_steps // 8)
    names = metrics_of(trial.config.encoder)
    masks = rng.integers(2**21, size=(trial.config.num_names, 2)).tolist()
    return TrialEvent(
        kind="finished",
        trial_key=trial.key,
        sweeps=trial.sweeps,
        config=trial.config.model_dump(mode="json"),
        started_at=start,
        ended_at=start + _TRIAL_S,
        duration_s=_TRIAL_S,
        metrics=dict(zip(names, rng.random(len(names)).tolist(), strict=True)),
        curve=[{"step": step} | dict.fromkeys(CURVE_METRICS, 1 / step) for step in steps],
        people=tuple(
            PersonOutcome(person=f"person-{i:012x}", before=before, after=after)
            for i, (before, after) in enumerate(masks)
        ),
        worker={"device": "cpu", "num_threads": 1, "hostname": "here"},
        provenance=_PROVENANCE,
    )
