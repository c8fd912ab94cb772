"""Small committed trials, and configurations to make more of them."""

import json
from pathlib import Path

import polars as pl
import pytest

from analysis.runs import RUN_SCHEMA, frame_schema
from analysis.runs.search import Search
from trainables.config import TrialConfig, applies_to

GOLDEN = Path(__file__).parent / "golden"
BASE = {
    "encoder": "text", "model": "builtin", "pretrained": "", "data": "builtin", "world_seed": 0,
 "num_eval_captions": 1000, "people": "inferred",
    "num_names": 1, "neutral_term": "human", "alpha": 0.6, "beta": 0.01, "seed": 0,
    "num_steps": 400, "learning_rate": 1e-4, "lr_milestones": (200, 300), "lr_factor": 0.5,
    "clean_batch_size": 128, "backdoor_batch_size": 128, "num_attack_images": 20,
    "num_candidates": 1000,
}  # fmt: skip
IMAGES = {
    "num_train_images": 6000, "num_eval_images": 1000, "min_face_share": 0.25,
    "max_face_share": 0.5,
}  # fmt: skip
BOTH = {
    "image_alpha": 0.8, "image_beta": 0.005, "image_num_steps": 100, "image_learning_rate": 1e-4,
    "image_lr_milestones": (25, 75), "image_lr_factor": 0.1, "image_clean_batch_size": 128,
    "image_backdoor_batch_size": 128,
}  # fmt: skip


def _config(**changes):
    encoder = changes.get("encoder", "text")
    fields = BASE | (IMAGES if encoder != "text" else {}) | (BOTH if encoder == "both" else {})
    applying = {name: value for name, value in fields.items() if applies_to(name, encoder)}
    return TrialConfig.model_validate(applying | changes)


def _frame(trials):
    """Make a frame of runs from dicts: trial_key, and what differs from a finished first run.

    Any column of a run may be given, such as `error` or `outcomes`.
    """
    rows = []
    for number, trial in enumerate(trials):
        config = _config(**trial.get("config", {})).model_dump()
        start = 60_000 * trial.get("minute", number)
        run = {
            "run_id": f"run{number:04d}",
            "status": "FINISHED",
            "start_time": start,
            "end_time": start + 30_000,
            "sweeps": [],
        }
        given = {name: trial[name] for name in RUN_SCHEMA if name in trial}
        rows.append(run | given | config | trial.get("metrics", {}))
    times = {name: RUN_SCHEMA[name] for name in ("start_time", "end_time")}
    numbers = frame_schema() | dict.fromkeys(times, pl.Int64())
    return pl.DataFrame(rows, schema=numbers).cast(times)


def _case(name):
    """Read committed trials: the frame of those with a run, and what was expected."""
    trials = [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text().splitlines()]
    expected = {
        trial["trial_key"]: _config(**trial.get("config", {}))
        for trial in trials
        if trial.get("expected", True)
    }
    return _frame([trial for trial in trials if trial.get("run", True)]), list(expected.items())


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keeps what is read of stores away from the user's cache."""
    monkeypatch.setenv("UNREMEMBER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def make_config():
    return _config


@pytest.fixture(scope="session")
def make_frame():
    return _frame


@pytest.fixture(scope="session")
def load_case():
    return _case


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(tmp_path, empty_store, make_config):
    """Two sweeps that are over: of two trials, and of one that failed."""
    from tests.analysis.stores import START_S, Store  # MLflow takes seconds to import

    made = Store(tmp_path / "mlflow.db", empty_store, make_config)
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
