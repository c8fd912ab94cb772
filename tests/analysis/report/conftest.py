"""A small experiment, and its trials in each state."""

from dataclasses import replace

import pytest

from analysis.experiment import Experiment
from tests.analysis.report.small import HOSTILE, MEASURED, SEEN


@pytest.fixture(scope="module")
def make_experiment(make_frame, make_config):
    """Make an experiment of n = 1, 8 and two seeds from what its trials' runs are, by key."""

    def make(runs, description="", **changes):
        configs = {f"{n}-{seed}": {"num_names": n, "seed": seed} for n in (1, 8) for seed in (0, 1)}
        trials = [
            {"trial_key": key, "config": configs[key], "metrics": MEASURED} | SEEN | run
            for key, run in runs
        ]
        whole = Experiment(
            name="small",
            title="A small one",
            description=description,
            expected=tuple((key, make_config(**config)) for key, config in configs.items()),
            frame=make_frame(trials),
            command="unremember run small",
        )
        return replace(whole, **changes)

    return make


@pytest.fixture(scope="module")
def mixed(make_experiment):
    """One trial of each state."""
    failed = {"status": "FAILED", "metrics": {}, "error": f"the loss became nan {HOSTILE}"}
    outcomes = [{"person": f"p-1{HOSTILE}", "before": 3, "after": 1}]
    runs = [
        ("1-0", {"outcomes": outcomes}),
        ("1-1", failed),
        ("8-0", {"status": "RUNNING", "metrics": {}}),
    ]
    return make_experiment(runs, description=f"What it is for {HOSTILE}")
