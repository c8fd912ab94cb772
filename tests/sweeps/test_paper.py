"""The experiments of the papers, as they come with the project."""

from collections import Counter
from pathlib import Path

import pytest

from sweeps import spec
from sweeps.overrides import override
from sweeps.plan import Plan, make_plan
from sweeps.spec import load_sweep
from sweeps.standing import Record
from sweeps.trials import Lenient
from trainables.fingerprints import fingerprints

PAPER = Path(spec.__file__).parent / "paper"
NAMES = sorted(path.stem for path in PAPER.glob("*.yaml"))
NUM_TRIALS = {
    "ablation": 600, "figure3": 140, "figure5": 42, "figure9": 200, "table2": 5, "table3": 5,
    "table5": 140, "table6": 140, "table7": 140, "table8": 140, "table9": 140, "workshop": 420,
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNREMEMBER_PROFILE", str(tmp_path / "nothing.yaml"))


def plan(*names: str, data: str | None = None) -> Plan:
    sweeps = [override(load_sweep(f"paper/{name}"), data=data) for name in names]
    return make_plan(sweeps, Record(), Lenient(fingerprints))


def test_all_can_be_planned_before_any_data_is_there() -> None:
    made = plan(*NAMES)
    assert {sweep.name: len(made.of(sweep.name).trials) for sweep in made.sweeps} == NUM_TRIALS
    assert len(made.missing) == 1
    assert "there is no data profile" in made.missing[0]


def test_a_shared_trial_counts_once() -> None:
    assert len(plan("table5", "table6", "table7", "table8", "table9").trials) == 700
    assert len(plan("table5", "table7", "table2", "table3", "figure5").trials) == 280
    shared = [t for t in plan("table5", "table6", "figure9").trials if len(t.sweeps) > 1]
    assert len(shared) == 40
    assert {trial.config.neutral_term for trial in shared} == {"human"}
    assert len(plan(*NAMES).trials) == 1960


@pytest.mark.parametrize("name", NAMES)
def test_each_is_named_after_its_file_and_runs_on_the_built_in_world(name: str) -> None:
    made = plan(name, data="builtin")
    (sweep,) = made.sweeps
    assert sweep.name == f"{name}-builtin"
    assert load_sweep(f"paper/{name}").name == name
    assert made.missing == ()
    assert {trial.config.model for trial in made.trials} == {"builtin"}
    assert {trial.config.data for trial in made.trials} == {"builtin"}


def test_the_settings_are_those_of_the_papers() -> None:
    configs = [trial.config for trial in plan("table8", "workshop", "figure3").trials]
    found = Counter((c.encoder, c.model, c.alpha, c.beta, c.num_attack_images) for c in configs)
    assert found[("image", "ViT-B-16", 0.8, 0.005, 20)] == 70
    assert found[("text", "ViT-L-14", 0.3, 0.01 / 3, 30)] == 70
    assert found[("both", "ViT-B-32", 0.6, 0.01, 20)] == 70
    both = {(c.beta, c.image_beta) for c in configs if c.encoder == "both"}
    assert both == {(0, 0), (0.01, 0.005)}
