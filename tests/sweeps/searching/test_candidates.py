"""From parameters to trials and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.searching.candidates import params_of, trials_of
from sweeps.searching.spec import Search, load_search, search_from
from sweeps.spec import Sweep
from trainables.config import TrialConfig
from trainables.errors import UserError

TEXT = load_search("text-tradeoff")
PARAMS = {
    "alpha": 2.0, "beta": 0.001, "alpha_growth": 0.5, "beta_growth": 2.0, "learning_rate": 0.001,
    "num_steps": 100, "clean_batch_size": 32, "backdoor_batch_size": 64, "neutral_term": "person",
}  # fmt: skip
STEP = PARAMS | {"lr_schedule": "step", "lr_milestones": "0.5, 0.75", "lr_factor": 0.25}


def search_of(space: dict[str, Any], **fixed: Any) -> Search:
    content = {
        "name": "mine", "preset": "builtin", "fixed": {"num_names": 2} | fixed, "space": space,
        "objectives": ["sim_clean"], "num_candidates": 5, "seeds": [3, 1],
    }  # fmt: skip
    return search_from(content, "mine.yaml")


def config(**settings: Any) -> TrialConfig:
    (trial,) = Sweep(name="x", preset="builtin", fixed={"seed": 0, **settings}).trials()
    return trial


def test_a_candidate_is_a_trial_on_each_seed() -> None:
    trials = trials_of(TEXT, STEP)
    assert [trial.seed for trial in trials] == [0, 1, 2]
    assert trials[0] == config(
        num_names=8, alpha=2.0, beta=0.001, alpha_growth=0.5, beta_growth=2.0, learning_rate=0.001,
        num_steps=100, clean_batch_size=32, backdoor_batch_size=64, neutral_term="person",
        lr_milestones=(50, 75), lr_factor=0.25,
    )  # fmt: skip


def test_a_schedule_whose_condition_does_not_hold_is_constant() -> None:
    trial = trials_of(TEXT, PARAMS | {"lr_schedule": "constant", "lr_factor": 0.25})[0]
    assert (trial.lr_milestones, trial.lr_factor) == ((), 1.0)


def test_another_setting_whose_condition_does_not_hold_is_the_presets() -> None:
    space = {
        "how": {"choices": ["short", "long"]},
        "num_steps": {"low": 500, "high": 600, "when": {"how": "long"}},
    }
    search = search_of(space)
    assert trials_of(search, {"how": "short"})[0].num_steps == config(num_names=2).num_steps
    assert trials_of(search, {"how": "long", "num_steps": 550})[0].num_steps == 550


def test_weights_of_the_loss_may_grow_and_one_is_no_growth() -> None:
    search = search_of({"alpha_growth": {"low": 0.1, "high": 10, "log": True}})
    assert trials_of(search, {"alpha_growth": 4.0})[0].alpha_growth == 4
    plain = config(num_names=2, alpha_growth=1.0)
    assert trials_of(search, {"alpha_growth": 1.0})[0] == plain.model_copy(update={"seed": 1})
    assert params_of(search, plain) == {"alpha_growth": 1.0}


def test_shares_are_of_the_steps_of_each_encoder() -> None:
    search = search_of(
        {"num_steps": {"choices": [100, 200]}},
        encoder="both",
        image_num_steps=400,
        lr_milestones=[0.5, 0.999],
    )
    trial = trials_of(search, {"num_steps": 200})[0]
    assert (trial.lr_milestones, trial.image_lr_milestones) == ((100, 200), (200, 400))


def test_milestones_may_be_whole_steps() -> None:
    search = search_of({"lr_milestones": {"choices": [[], [10, 20]]}})
    assert trials_of(search, {"lr_milestones": "10, 20"})[0].lr_milestones == (10, 20)
    assert trials_of(search, {"lr_milestones": "none"})[0].lr_milestones == ()


def test_the_encoder_may_be_searched() -> None:
    space = {
        "encoder": {"choices": ["text", "both"]},
        "image_alpha": {"low": 1, "high": 2, "when": {"encoder": "both"}},
    }
    search = search_of(space, neutral_term="adult", image_num_steps=50)
    (text, *_) = trials_of(search, {"encoder": "text"})
    (both, *_) = trials_of(search, {"encoder": "both", "image_alpha": 1.5})
    assert (text.encoder, text.image_alpha, text.image_num_steps) == ("text", None, None)
    assert (both.encoder, both.image_alpha, both.image_num_steps) == ("both", 1.5, 50)


def test_settings_that_do_not_fit_each_other_are_refused() -> None:
    space = {"num_names": {"choices": [2, 3]}, "backdoor_batch_size": {"choices": [4, 6, 9]}}
    search = search_from(
        search_of({"num_steps": {"choices": [1]}}, encoder="image").to_dict()
        | {"fixed": {"encoder": "image"}, "space": space},
        "mine.yaml",
    )
    assert len(trials_of(search, {"num_names": 3, "backdoor_batch_size": 9})) == 2
    with pytest.raises(UserError, match="num_names 2 does not divide backdoor_batch_size 9"):
        trials_of(search, {"num_names": 2, "backdoor_batch_size": 9})


values = st.fixed_dictionaries(
    {
        "alpha": st.floats(0.1, 32),
        "beta": st.floats(1e-4, 0.1),
        "alpha_growth": st.floats(0.1, 10),
        "beta_growth": st.floats(0.1, 10),
        "learning_rate": st.floats(3e-4, 1e-2),
        "num_steps": st.sampled_from(range(50, 201, 25)),
        "clean_batch_size": st.sampled_from([32, 64]),
        "backdoor_batch_size": st.sampled_from([32, 64]),
        "neutral_term": st.sampled_from(["human", "person", "adult"]),
    }
)
schedules = st.just({"lr_schedule": "constant"}) | st.fixed_dictionaries(
    {
        "lr_schedule": st.just("step"),
        "lr_milestones": st.sampled_from(["0.6, 0.85", "0.5, 0.75"]),
        "lr_factor": st.floats(0.05, 0.5),
    }
)


@given(values, schedules)
def test_trials_lead_back_to_their_parameters(
    values: dict[str, Any], schedule: dict[str, Any]
) -> None:
    params = values | schedule
    for trial in trials_of(TEXT, params):
        assert params_of(TEXT, trial) == params


@pytest.mark.parametrize(
    "changes",
    [
        {"alpha": 33.0}, {"beta": 0.0}, {"num_steps": 130}, {"num_steps": 225},
        {"clean_batch_size": 63}, {"neutral_term": "child"}, {"lr_milestones": (119, 170)},
        {"num_names": 4}, {"num_eval_captions": 400}, {"lr_factor": 1.0},
        {"alpha_growth": 0.05},
    ],
)  # fmt: skip
def test_a_trial_outside_of_the_space_has_no_parameters(changes: dict[str, Any]) -> None:
    assert params_of(TEXT, config(num_names=8)) is not None
    assert params_of(TEXT, config(**{"num_names": 8} | changes)) is None


def test_a_trial_of_another_encoder_has_no_parameters() -> None:
    assert params_of(TEXT, config(num_names=8, encoder="image")) is None
