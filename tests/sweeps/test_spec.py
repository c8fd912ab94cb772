from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.spec import Sweep, load_sweep, sweep_from
from trainables.errors import UserError
from trainables.yamls import parse_yaml

MINIMAL = "name: mine\npreset: builtin\nfixed: {num_names: 1, seed: 0}\n"


def read(text: str) -> Sweep:
    return sweep_from(parse_yaml(text, "mine.yaml"), "mine.yaml")


def test_quickstart_is_found_by_name_and_has_its_twelve_trials() -> None:
    trials = load_sweep("quickstart").trials()
    assert len(trials) == 12
    assert {(t.num_names, t.beta, t.seed) for t in trials} == {
        (n, beta, seed) for n in (1, 8, 64) for beta in (0, 0.01) for seed in (0, 1)
    }


def test_trials_that_share_a_seed_stand_together_and_few_names_come_first() -> None:
    trials = load_sweep("sweeps/quickstart.yaml").trials()
    order = [(t.seed, t.num_names) for t in trials]
    assert order == sorted(order)


def test_a_file_wins_over_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quickstart.yaml").write_text(MINIMAL)
    assert load_sweep("quickstart.yaml").name == "mine"
    (tmp_path / "quickstart").mkdir()
    assert load_sweep("quickstart").name == "quickstart"


def test_preset_stands_for_the_value_of_the_model() -> None:
    sweep = read(
        "name: both\npreset: ecai2024\nfixed: {num_names: 1, seed: 0, pretrained: laion400m_e32}\n"
        "axes: {model: [ViT-B-32, ViT-L-14], beta: [0, preset]}"
    )
    assert {(t.model, t.beta) for t in sweep.trials()} == {
        ("ViT-B-32", 0.0), ("ViT-B-32", 0.01), ("ViT-L-14", 0.0), ("ViT-L-14", 0.005),
    }  # fmt: skip


def test_two_settings_that_come_to_the_same_are_one_trial() -> None:
    sweep = read(f"{MINIMAL}axes: {{beta: [0.01, preset]}}")
    assert len(sweep.trials()) == 1


@pytest.mark.parametrize(("first", "last"), [(0, 9), (3, 3), (0, 0)])
def test_seeds_may_be_a_range(first: int, last: int) -> None:
    sweep = read(
        f"name: x\npreset: builtin\nfixed: {{num_names: 1}}\naxes: {{seeds: {first}-{last}}}"
    )
    assert [t.seed for t in sweep.trials()] == list(range(first, last + 1))


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("DATA", "/data")
    sweep = read(
        "name: x\npreset: ecai2024\nfixed: {num_names: 1, seed: 0, model: ViT-B-32, "
        "pretrained: ~/vit.pt}\naxes: {data: [$DATA/a.yaml, b.yaml]}"
    )
    trials = sweep.trials()
    assert {trial.pretrained for trial in trials} == {"/home/someone/vit.pt"}
    assert {trial.data for trial in trials} == {"/data/a.yaml", str(tmp_path / "b.yaml")}


def test_a_tag_is_not_a_path() -> None:
    sweep = read(
        "name: x\npreset: ecai2024\n"
        "fixed: {num_names: 1, seed: 0, model: ViT-B-32, pretrained: laion400m_e32}"
    )
    assert sweep.trials()[0].pretrained == "laion400m_e32"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: x\naxes: {sedes: [0]}", "unknown axis 'sedes': did you mean 'seeds'?"),
        ("name: x\nfixed: {bta: 0}", "unknown setting 'bta' under fixed: did you mean 'beta'?"),
        ("name: x\nax: 1", "unknown key 'ax': did you mean 'axes'?"),
        ("name: x\npreset: biultin", "unknown preset 'biultin': did you mean 'builtin'?"),
        ("name: X y", "name 'X y' is not a name"),
        ("axes: {}", "name None is not a name"),
        ("name: x\npreset: 3", "preset is 3: give text"),
        ("name: x\nfixed: [1]", "fixed is [1]: give a mapping"),
        ("- x", "a sweep is a mapping with the keys name"),
        ("name: x\naxes: {beta: []}", "axis 'beta' is []: give a list"),
        ("name: x\naxes: {beta: 0}", "axis 'beta' is 0: give a list"),
        ("name: x\naxes: {beta: [0, 0.0]}", "axis 'beta' holds 0.0 twice"),
        ("name: x\naxes: {seeds: 9-0}", "axis 'seeds' is '9-0': give a range"),
        ("name: x\naxes: {seeds: 0-999999999}", "more than 100,000 seeds"),
        (f"{MINIMAL}axes: {{num_names: [1]}}", "'num_names' stands under both axes and fixed"),
        (
            "name: x\naxes: {seeds: 0-999, num_names: [1, 2], beta: [0, 1], alpha: "
            f"{list(range(100))}}}",
            "make 400,000 trials",
        ),
    ],
)
def test_a_wrong_form_is_one_sentence_that_names_file_and_key(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        read(text)
    assert str(error.value).startswith("mine.yaml: ")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fixed: {num_names: 1}", "'seeds' is missing: give it under axes or fixed."),
        ("fixed: {num_names: 0, seed: 0}", "num_names 0 is wrong: input should be greater"),
        (
            "fixed: {num_names: true, seed: 0}",
            "num_names True is wrong: input should be a valid int",
        ),
        ("fixed: {num_names: 1, seed: '0'}", "seeds '0' is wrong"),
        (
            "fixed: {num_names: 1, seed: 0, beta: .nan}",
            "beta nan is wrong: input should be a finite",
        ),
        ("fixed: {num_names: 1, seed: 0, model: {a: 1}}", "model {'a': 1} is wrong: give its name"),
        ("fixed: {num_names: 1, seed: 0, model: preset}", "has no setting for the text encoder of"),
        ("fixed: {num_names: 1, seed: 0, encoder: txt}", "has no setting for the txt encoder"),
        ("fixed: {num_names: 1, seed: preset}", "'seeds' is missing"),
        ("fixed: {num_names: 1, seed: 0, pretrained: x}", "stays empty for the built-in one"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_file_key_and_value(
    text: str, sentence: str
) -> None:
    sweep = read(f"name: x\npreset: builtin\n{text}")
    with pytest.raises(UserError) as error:
        sweep.trials()
    assert str(error.value).startswith("mine.yaml: ")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_without_a_preset_every_field_is_named() -> None:
    with pytest.raises(UserError, match="'num_eval_captions' is missing"):
        read("name: x\nfixed: {num_names: 1, seed: 0}").trials()


def test_an_unknown_spec_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"no sweep 'quikstart'.*did you mean 'quickstart'"):
        load_sweep("quikstart")


names = st.from_regex(r"[a-z0-9][a-z0-9-]*", fullmatch=True)
sweeps = st.builds(
    lambda name, description, beta, seeds, names: {
        "name": name,
        "description": description.strip(),
        "preset": "builtin",
        "fixed": {"beta": beta},
        "axes": {"seeds": seeds, "num_names": names},
    },
    names,
    st.text(),
    st.floats(0, 1) | st.just("preset"),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=5, unique=True),
    st.lists(st.integers(1, 64), min_size=1, max_size=5, unique=True),
)


@given(sweeps)
def test_a_sweep_survives_its_written_form(content: dict[str, object]) -> None:
    sweep = sweep_from(content, "mine.yaml")
    assert sweep.to_dict() == content
    again = sweep_from(sweep.to_dict(), "mine.yaml")
    assert again == sweep
    assert again.trials() == sweep.trials()
    assert len(set(sweep.trials())) == len(sweep.trials())
