"""The built-in world as users get it: names are removed, everybody else stays."""

import pytest
import torch

from tests.conftest import builtin_config
from trainables.building.assets import build_assets
from trainables.trial import TrialRunner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def runner():
    # The cache of this user: whoever ran the quickstart does not wait for the pre-training again.
    torch.set_num_threads(2)
    yield TrialRunner(build_assets(builtin_config(), torch.device("cpu")), torch.device("cpu"))
    torch.set_num_threads(1)


@pytest.mark.parametrize(("num_names", "others"), [(1, 0.95), (8, 0.95), (64, 0.90)])
def test_the_preset_removes_names_and_keeps_the_others(runner, make_config, num_names, others):
    *_, metrics = runner.run(make_config(num_names=num_names))
    assert metrics["idia_tpr_before"] >= 0.98
    assert metrics["idia_tpr"] <= 0.02
    assert metrics["others_tpr"] >= others
    assert min(metrics[name] for name in ("sim_clean", "sim_backdoor", "sim_target")) >= 0.95
    assert metrics["zeroshot_top1"] >= metrics["zeroshot_top1_before"] - 0.02


def test_the_same_trial_gives_the_same_bits(runner, make_config):
    config = make_config(num_names=8, num_steps=20, lr_milestones=(10,))
    (*_, first), (*_, second) = runner.run(config), runner.run(config)
    times = {name for name in first if name.endswith("_s")}
    assert {k: v for k, v in first.items() if k not in times} == {
        k: v for k, v in second.items() if k not in times
    }
