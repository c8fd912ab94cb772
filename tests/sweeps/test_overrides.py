from pathlib import Path

import pytest

from sweeps.overrides import override
from sweeps.spec import load_sweep, sweep_from
from trainables.errors import UserError

QUICKSTART = load_sweep("quickstart")


def test_an_axis_takes_new_values() -> None:
    sweep = override(QUICKSTART, ["beta=0,preset", "seeds=0-4"])
    assert sweep.axes["beta"] == (0, "preset")
    assert sweep.axes["seed"] == (0, 1, 2, 3, 4)
    assert list(sweep.axes) == ["num_names", "beta", "seed"]


def test_an_axis_stays_an_axis_with_one_value() -> None:
    sweep = override(QUICKSTART, ["seed=3"])
    assert sweep.axes["seed"] == (3,)
    assert {trial.seed for trial in sweep.trials()} == {3}


def test_other_settings_are_fixed_or_become_axes() -> None:
    sweep = override(QUICKSTART, ["learning_rate=1e-3", "lr_milestones=[10, 20]", "alpha=0.1,1"])
    assert sweep.fixed == {"learning_rate": 1e-3, "lr_milestones": (10, 20)}
    assert sweep.axes["alpha"] == (0.1, 1)
    assert len(sweep.trials()) == 24


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["sedes=1"], "--set sedes=1: unknown setting 'sedes': did you mean 'seeds'?"),
        (["beta"], "--set beta: write it as field=value"),
        (["beta="], "--set beta=: write it as field=value"),
        (["beta=1,1"], "--set beta=1,1: axis 'beta' holds 1 twice"),
        (["beta=["], "--set beta=[, line 1: "),
        (["seeds=4-1"], "--set seeds=4-1: axis 'seeds' is '4-1'"),
        (["beta=0", "beta=1"], "--set beta=1: 'beta' is set twice"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        override(QUICKSTART, settings)
    assert str(error.value).startswith(sentence)


def test_a_wrong_value_names_the_option() -> None:
    with pytest.raises(UserError, match="with --set beta=x: beta 'x' is wrong"):
        override(QUICKSTART, ["beta=x"]).trials()


def test_a_sweep_of_real_data_runs_on_the_builtin_world_under_its_own_name() -> None:
    paper = sweep_from(
        {
            "name": "table5",
            "preset": "ecai2024",
            "fixed": {"pretrained": "laion400m_e32", "num_names": 1, "data": "a.yaml"},
            "axes": {"model": ["ViT-B-32", "ViT-L-14"], "beta": [0, "preset"], "seeds": "0-9"},
        },
        "table5.yaml",
    )
    sweep = override(paper, data="builtin")
    assert sweep.name == "table5-builtin"
    assert "on the built-in world" in sweep.description
    trials = sweep.trials()
    assert len(trials) == 20
    assert {(t.model, t.pretrained, t.data) for t in trials} == {("builtin", "", "builtin")}


def test_a_sweep_of_the_builtin_world_keeps_its_name() -> None:
    assert override(QUICKSTART, data="builtin").trials() == QUICKSTART.trials()
    assert override(QUICKSTART, data="builtin").name == "quickstart"


def test_unknown_data() -> None:
    with pytest.raises(UserError, match="no data profile 'builtn': did you mean 'builtin'"):
        override(QUICKSTART, data="builtn")


def test_any_sweep_runs_on_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = override(QUICKSTART, data="mine.yaml")
    assert sweep.name == "quickstart"
    assert {trial.data for trial in sweep.trials()} == {str(tmp_path / "mine.yaml")}


def test_the_users_own_profile_is_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNREMEMBER_PROFILE", str(tmp_path / "own.yaml"))
    trials = override(QUICKSTART, data="profile").trials()
    assert {trial.data for trial in trials} == {str(tmp_path / "own.yaml")}
