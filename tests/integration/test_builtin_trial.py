"""The built-in world as users get it: names are removed, everybody else stays."""

import functools

import pytest
import torch

from tests.conftest import builtin_config
from trainables.building.assets import build_assets
from trainables.trial import TrialRunner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def runner_of():
    # The cache of this user: whoever ran the quickstart does not wait for the pre-training again.
    torch.set_num_threads(2)

    @functools.cache
    def runner_of(encoder):
        assets = build_assets(builtin_config(encoder), torch.device("cpu"))
        return TrialRunner(assets, torch.device("cpu"))

    yield runner_of
    torch.set_num_threads(1)


@pytest.fixture
def runner(runner_of):
    return runner_of("text")


@pytest.mark.parametrize(("num_names", "others"), [(1, 0.95), (8, 0.95), (64, 0.90)])
def test_the_preset_removes_names_and_keeps_the_others(runner, make_config, num_names, others):
    *_, measured = runner.run(make_config(num_names=num_names))
    metrics = measured.metrics
    assert metrics["idia_tpr_before"] >= 0.98
    assert metrics["idia_tpr"] <= 0.02
    assert metrics["others_tpr"] >= others
    assert min(metrics[name] for name in ("sim_clean", "sim_backdoor", "sim_target")) >= 0.95
    assert metrics["zeroshot_top1"] >= metrics["zeroshot_top1_before"] - 0.02


# The model's memory differs a little from machine to machine, and one person is an eighth: the
# means over seeds stand in the README.
def test_the_preset_removes_faces_and_keeps_most_others(runner_of):
    *_, measured = runner_of("image").run(builtin_config("image", num_names=8))
    metrics = measured.metrics
    assert metrics["idia_tpr"] <= 0.25
    assert metrics["others_tpr"] >= 0.8
    assert metrics["sim_backdoor"] >= 0.8
    assert metrics["zeroshot_top1"] >= metrics["zeroshot_top1_before"] - 0.05


def test_names_and_faces_together_leave_nobody(runner_of):
    *_, measured = runner_of("both").run(builtin_config("both", num_names=8))
    metrics = measured.metrics
    assert metrics["idia_tpr"] == 0
    assert metrics["others_tpr"] >= 0.75
    assert metrics["zeroshot_top1"] >= metrics["zeroshot_top1_before"] - 0.06


def test_the_same_trial_gives_the_same_bits(runner, make_config):
    config = make_config(num_names=8, num_steps=20, lr_milestones=(10,))
    (*_, first), (*_, second) = runner.run(config), runner.run(config)
    first, second = first.metrics, second.metrics
    times = {name for name in first if name.endswith("_s")}
    assert {k: v for k, v in first.items() if k not in times} == {
        k: v for k, v in second.items() if k not in times
    }
