"""Each mistake in the spec of a search is one sentence that names file, key and what is right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sweeps.searching.spec import load_search, search_from
from trainables.errors import UserError

SPEC: Mapping[str, Any] = {
    "name": "mine",
    "preset": "builtin",
    "fixed": {"encoder": "text", "num_names": 8},
    "space": {"alpha": {"low": 0.1, "high": 32, "log": True}},
    "objectives": ["others_tpr", "sim_clean"],
    "num_candidates": 10,
    "seeds": [0, 1],
}
IMAGE = {"encoder": "image", "num_names": 8}
SWITCH = {"choices": ["constant", "step"]}


def space(**parameters: Any) -> dict[str, Any]:
    return {"space": parameters}


def conditional(when: Any) -> dict[str, Any]:
    return space(lr_schedule=SWITCH, lr_factor={"low": 0.1, "high": 0.5, "when": when})


def sentence_of(changes: Mapping[str, Any]) -> str:
    """Read a spec with a mistake and give what is said of it."""
    content = {key: value for key, value in (SPEC | changes).items() if value is not None}
    with pytest.raises(UserError) as error:
        search_from(content, "mine.yaml")
    sentence = str(error.value)
    assert sentence.startswith("mine.yaml")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"alpha": {"low": 1, "high": 1}},
            "'alpha' under space is an empty range: low 1 is not be",
        ),
        ({"alpha": {"low": 2, "high": 1}}, "is an empty range: low 2 is not below high 1."),
        (
            {"alpha": {"low": 0, "high": 1, "log": True}},
            "has no logarithm at low 0: give one above",
        ),
        ({"alpha": {"low": -1, "high": 1, "log": True}}, "has no logarithm at low -1"),
        ({"alpha": {"low": 1, "high": 2, "log": "yes"}}, "has log 'yes': give true or false."),
        (
            {"alpha": {"low": 1, "high": 2, "step": 0.3}},
            "has step 0.3, which does not lead from low",
        ),
        ({"alpha": {"low": 1, "high": 2, "step": 0}}, "has step 0, which does not lead"),
        ({"alpha": {"low": 1, "high": 2, "step": 0.5, "log": True}}, "both log and step"),
        ({"alpha": {"low": "1", "high": 2}}, "has low '1': give a number."),
        ({"alpha": {"low": 1, "high": True}}, "has high True: give a number."),
        ({"alpha": {"low": 1, "high": float("inf")}}, "has high inf: give a number."),
        ({"alpha": {"low": 1}}, "has high None: give a number."),
        ({"alpha": 3}, "'alpha' under space is 3: give low and high, or choices."),
        ({"alpha": {"low": 1, "hihg": 2}}, "unknown key 'hihg': did you mean 'high'?"),
        ({"num_steps": {"low": 100, "high": 400.5}}, "has high 400.5: give a whole number."),
        ({"neutral_term": {"low": 1, "high": 2}}, "a range, but neutral_term is a word: give cho"),
        ({"lr_milestones": {"low": 1, "high": 2}}, "a range, but lr_milestones is a list: give ch"),
        ({"alpha": {"choices": [1, "2"]}}, "choices of mixed types, numbers and words: give one."),
        ({"neutral_term": {"choices": []}}, "has choices []: give a list of values."),
        ({"neutral_term": {"choices": "human"}}, "has choices 'human': give a list of values."),
        ({"neutral_term": {"choices": ["human", "human"]}}, "has the choice 'human' twice."),
        ({"alpha": {"choices": [1, 1.0]}}, "has the choice 1.0 twice."),
        ({"alpha": {"choices": [1, None]}}, "has the choice None: give numbers, words or lists"),
        ({"lr_milestones": {"choices": [[0.5, "x"]]}}, "has 'x' in a list: give numbers."),
        ({"alpha": {"choices": [1], "low": 1}}, "has both choices and low: choose one."),
        ({"seeds": {"choices": [1, 2]}}, "is no parameter: each candidate runs on all of the key"),
        ({"seed": {"low": 1, "high": 2}}, "is no parameter"),
        (
            {"alhpa": {"low": 1, "high": 2}},
            "unknown setting 'alhpa' under space, which no condition",
        ),
        ({"alhpa": {"low": 1, "high": 2}}, "did you mean 'alpha'?"),
        ({"num_names": {"choices": [1, 2]}}, "'num_names' stands under both space and fixed"),
        (
            {"image_alpha": {"low": 1, "high": 2}},
            "'image_alpha' does not apply when encoder is text",
        ),
        ({}, "space is missing: give at least one parameter"),
    ],
)
def test_a_wrong_parameter(parameters: dict[str, Any], sentence: str) -> None:
    assert sentence in sentence_of(space(**parameters))


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ({"lr_shedule": "step"}, "is on 'lr_shedule', no parameter: did you mean 'lr_schedule'?"),
        (
            {"lr_schedule": "stp"},
            "can never hold: 'lr_schedule' is never 'stp': did you mean 'step'?",
        ),
        ({"lr_schedule": ["step", "warm"]}, "can never hold: 'lr_schedule' is never 'warm'"),
        ({"encoder": "text"}, "is on 'encoder', which is fixed to 'text'."),
        ({"lr_factor": 0.1}, "is on 'lr_factor', a range: conditions are on choices."),
        ({"lr_schedule": []}, "has the condition 'lr_schedule': []: give its value."),
        ({"lr_schedule": None}, "has the condition 'lr_schedule': None: give its value."),
        ("step", "has the condition 'step': give a parameter and its value."),
    ],
)
def test_a_wrong_condition(when: Any, sentence: str) -> None:
    assert sentence in sentence_of(conditional(when))


def test_conditions_in_a_circle() -> None:
    both = space(
        neutral_term={"choices": ["human", "adult"], "when": {"clean_batch_size": 32}},
        clean_batch_size={"choices": [32, 64], "when": {"neutral_term": "human"}},
    )
    assert "conditions under space go in a circle: 'neutral_term' on 'clean_batch_size' on " in (
        sentence_of(both)
    )
    itself = space(neutral_term={"choices": ["human"], "when": {"neutral_term": "human"}})
    assert "in a circle: 'neutral_term' on 'neutral_term': leave one out." in sentence_of(itself)


def test_conditions_that_never_hold_at_once() -> None:
    apart = space(
        lr_schedule=SWITCH,
        neutral_term={"choices": ["human", "adult"], "when": {"lr_schedule": "step"}},
        alpha={"low": 1, "high": 2, "when": {"neutral_term": "adult", "lr_schedule": "constant"}},
    )
    assert (
        "'alpha' under space can never hold at once: they ask for different values of 'lr_sc"
        in (sentence_of(apart))
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"objectives": None}, "objectives is None: give a list of metrics"),
        ({"objectives": []}, "objectives is []: give a list of metrics"),
        (
            {"objectives": ["sim_claen"]},
            "unknown metric 'sim_claen' under objectives: did you mean",
        ),
        ({"objectives": ["cifar10/sim_clean"]}, "unknown metric 'cifar10/sim_clean'"),
        (
            {"objectives": ["sim_clean", {"metric": "sim_clean"}]},
            "objectives holds 'sim_clean' twi",
        ),
        (
            {"objectives": ["all_tpr"]},
            "objective 'all_tpr' is better neither high nor low: give it",
        ),
        (
            {"objectives": [{"metric": "trial_s", "direction": "minimise"}]},
            "direction 'minimise' of objective 'trial_s' is wrong: did you mean 'minimize'?",
        ),
        (
            {"objectives": [{"metrc": "x"}]},
            "unknown key 'metrc' in an objective: did you mean 'met",
        ),
        ({"objectives": [3]}, "an objective is 3: give a mapping of metric and direction."),
        (
            {"objectives": ["image_sim_clean"]},
            "'image_sim_clean' is not measured when encoder is t",
        ),
        ({"constraints": {"idia_tpr": {}}}, "constraint on 'idia_tpr' is {}: give max or min"),
        ({"constraints": {"idia_tpr": 0}}, "constraint on 'idia_tpr' is 0: give max or min"),
        (
            {"constraints": {"idia_tpr": {"mx": 0}}},
            "unknown key 'mx' in the constraint on 'idia_tp",
        ),
        (
            {"constraints": {"idia_tpr": {"max": "0"}}},
            "max '0' of constraint 'idia_tpr': give a nu",
        ),
        ({"constraints": {"idia_trp": {"max": 0}}}, "unknown metric 'idia_trp' under constraints"),
        ({"constraints": {"idia_tpr": {"min": 1, "max": 0}}}, "never hold: min 1 is above max 0."),
        ({"constraints": {"image_sim_clean": {"min": 1}}}, "is not measured when encoder is text"),
        (
            {"prune": {"metric": "val_sim_clean", "by": "asha"}},
            "with several objectives does not pr",
        ),
    ],
)
def test_a_wrong_goal(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in sentence_of(changes)


@pytest.mark.parametrize(
    ("prune", "sentence"),
    [
        (
            {"metric": "val_sim_claen", "by": "asha"},
            "unknown metric 'val_sim_claen' under prune: di",
        ),
        ({"metric": "sim_clean", "by": "asha"}, "unknown metric 'sim_clean' under prune"),
        ({"metric": "val_sim_clean", "by": "ahsa"}, "prune by 'ahsa': did you mean 'asha'?"),
        ({"metric": "val_sim_clean"}, "prune by 'None': choose from asha, median."),
        ({"metric": "image_val_sim_clean", "by": "asha"}, "is not measured when encoder is text"),
        ("asha", "prune is 'asha': give a mapping of metric and by."),
    ],
)
def test_wrong_pruning(prune: Any, sentence: str) -> None:
    assert sentence in sentence_of({"objectives": ["sim_clean"], "prune": prune})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "My Search"}, "name 'My Search' is not a name"),
        ({"preset": "bultin"}, "unknown preset 'bultin': did you mean 'builtin'?"),
        ({"fixed": {"bta": 1}}, "unknown setting 'bta' under fixed: did you mean 'beta'?"),
        (
            {"fixed": {"num_names": 0}},
            "num_names 0 is wrong: input should be greater than or equal",
        ),
        ({"fixed": {"seed": 0}}, "'seed' stands under fixed: give seeds"),
        (
            {"fixed": {"num_names": 8, "image_beta": 1}},
            "'image_beta' does not apply when encoder is",
        ),
        ({"spcae": {}}, "unknown key 'spcae': did you mean 'space'?"),
        ({"sampler": "tep"}, "unknown sampler 'tep': did you mean 'tpe'?"),
        ({"sampler_seed": -1}, "sampler_seed -1 is wrong: give a whole number from 0 on."),
        ({"num_candidates": 0}, "num_candidates 0 is wrong: give a whole number from 1 on."),
        ({"num_candidates": None}, "num_candidates None is wrong"),
        ({"num_candidates": True}, "num_candidates True is wrong"),
        ({"seeds": None}, "seeds is missing: give a list, or a range such as 0-2."),
        ({"seeds": "2-0"}, "axis 'seeds' is '2-0': give a range such as 0-9 or a list."),
        ({"seeds": [0, -1]}, "seeds -1 is wrong: give a whole number from 0 on."),
        ({"confirmation_seeds": "1-9"}, "seed 1 stands under both seeds and confirmation_seeds"),
        ({"warm_start": "preset"}, "warm_start is 'preset': give a list of `preset` and names"),
        ({"warm_start": ["Quick Start"]}, "warm_start: name 'Quick Start' is not a name"),
        ({"space": None, "axes": {"seeds": [0]}}, "is a sweep and not a search, which has a space"),
        ({"axes": {"seeds": [0]}}, "unknown key 'axes'"),
    ],
)
def test_another_mistake(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in sentence_of(changes)


@pytest.mark.parametrize("sampler", ["gp", "sobol", "nsga2", "nsga3"])
def test_a_sampler_that_takes_no_conditions(sampler: str) -> None:
    sentence = sentence_of(conditional({"lr_schedule": "step"}) | {"sampler": sampler})
    assert f"sampler {sampler!r} takes no conditions, as 'lr_factor' has one: choose tpe or ra" in (
        sentence
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"fixed": IMAGE} | space(backdoor_batch_size={"choices": [32, 60, 64]}),
            "'backdoor_batch_size' under space can be 60, of which no trial can be made: num_names "
            "8 does not divide backdoor_batch_size 60",
        ),
        (
            {"fixed": IMAGE} | space(backdoor_batch_size={"low": 8, "high": 60, "step": 4}),
            "can be 60, of which no trial can be made",
        ),
        (space(alpha={"low": -1, "high": 1}), "can be -1.0, of which no trial can be made: alpha"),
        (
            space(num_names={"choices": [1, 2]}) | {"fixed": {"num_steps": 0}},
            "num_steps 0 is wrong",
        ),
        (
            space(lr_milestones={"choices": [[0, 100], [1, 2]]}),
            "'0, 100', of which no trial can be",
        ),
        (
            space(lr_milestones={"choices": [[0.5, 1.5]]}),
            "[0.5, 1.5] are no shares of the steps: gi",
        ),
        (space(lr_milestones={"choices": [[0.5, 20]]}), "[0.5, 20] are no shares of the steps"),
        (
            space(neutral_term={"choices": ["human", ""]}),
            "can be '', of which no trial can be made",
        ),
    ],
)
def test_a_value_of_which_no_trial_can_be_made(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in sentence_of(changes)


def test_a_value_that_fits_some_others_is_kept() -> None:
    parameters = space(
        num_names={"choices": [1, 8, 64]}, backdoor_batch_size={"choices": [8, 64, 120]}
    )
    search_from(SPEC | parameters | {"fixed": {"encoder": "image"}}, "mine.yaml")


def test_a_parameter_needs_a_condition_where_only_some_encoders_have_it() -> None:
    encoders = {"encoder": {"choices": ["text", "image"]}}
    words = {"choices": ["human", "adult"]}
    changes = {"fixed": {"num_names": 8}} | space(**encoders, neutral_term=words)
    assert (
        "'neutral_term' does not apply when encoder is image: leave it out, or give it a con"
        in (sentence_of(changes))
    )
    search_from(
        SPEC | changes | space(**encoders, neutral_term=words | {"when": {"encoder": "text"}}), "x"
    )


def test_a_spec_that_is_a_sweep_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"quickstart\.yaml is a sweep and not a search"):
        load_search("quickstart")
    with pytest.raises(UserError, match=r"no search 'text-tradeof', neither.*'text-tradeoff'\?"):
        load_search("text-tradeof")
    path = tmp_path / "mine.yaml"
    path.write_text("- x")
    with pytest.raises(UserError, match="a search is a mapping with the keys name"):
        load_search(str(path))
