import re
from typing import Any

import pytest

from sweeps.searching.needs import needed_trials
from sweeps.searching.overrides import override_search
from tests.sweeps.searching.trainables import search
from trainables.errors import UserError

ALPHA = {"alpha": {"low": 0.1, "high": 10.0, "log": True}}
SPACE: dict[str, Any] = {
    "space": {
        **ALPHA,
        "neutral_term": {"choices": ["human", "person"]},
        "num_names": {"low": 1, "high": 8},
        "lr_schedule": {"choices": ["constant", "step"]},
        "lr_milestones": {"choices": [[0.5], [0.75]], "when": {"lr_schedule": "step"}},
    },
    "fixed": {"encoder": "text"},
}


def test_nothing_asked_changes_nothing() -> None:
    as_it_is = search()
    assert override_search(as_it_is) is as_it_is


def test_keys_of_the_search() -> None:
    changed = override_search(search(), ["num_candidates=7", "sampler=nsga2", "name=other"])
    assert (changed.num_candidates, changed.sampler, changed.name) == (7, "nsga2", "other")
    assert changed.space == search().space
    assert changed.source == "here with --set num_candidates=7 --set sampler=nsga2 --set name=other"


def test_seeds_and_settings() -> None:
    changed = override_search(
        search(**SPACE), ["seeds=0-1", "alpha=1.0", "num_names=2,4", "beta=0.005"]
    )
    assert changed.seeds == (0, 1)
    assert changed.fixed == {"encoder": "text", "alpha": 1.0, "beta": 0.005}
    assert changed.space["num_names"].choices == (2, 4)
    assert "alpha" not in changed.space
    kept = ("neutral_term", "lr_schedule", "lr_milestones")
    assert {name: changed.space[name] for name in kept} == {
        name: search(**SPACE).space[name] for name in kept
    }


def test_choices_keep_their_condition() -> None:
    changed = override_search(search(**SPACE), ["neutral_term=adult,person"])
    assert changed.space["neutral_term"].choices == ("adult", "person")
    assert changed.space["lr_milestones"].when == {"lr_schedule": ("step",)}


def test_on_the_built_in_world_a_search_of_another_model_has_another_name() -> None:
    real = search(
        preset="ecai2024",
        fixed={"encoder": "text", "num_names": 1, "pretrained": "openai"},
        space=ALPHA | {"model": {"choices": ["ViT-B-32", "ViT-L-14"]}},
    )
    moved = override_search(real, data="builtin")
    assert (moved.name, moved.preset) == ("formula-builtin", "builtin")
    assert moved.fixed == {"encoder": "text", "num_names": 1}
    assert list(moved.space) == ["alpha"]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("num_candidates=0", "num_candidates 0 is wrong: give a whole number from 1 on."),
        ("num_candidates=", "--set num_candidates=: write it as num_candidates=value."),
        ("gamma=1", "--set gamma=1: unknown setting 'gamma'"),
        ("sampler=bayes", "unknown sampler 'bayes'"),
        ("alpha=-1", "alpha -1 is wrong"),
    ],
)
def test_mistakes(setting: str, sentence: str) -> None:
    with pytest.raises(UserError, match=re.escape(sentence)):
        override_search(search(), [setting])


def test_all_that_candidates_share_is_built_once() -> None:
    needed = needed_trials(search(**SPACE))
    assert {config.neutral_term for config in needed} == {"human", "person"}
    assert {(config.num_names, config.seed) for config in needed} == {
        (names, seed) for names in (1, 8) for seed in (0, 1, 2)
    }
    assert len(needed) == 12


def test_what_is_shared_under_a_condition_is_built_too() -> None:
    conditional = {
        "world": {"choices": ["one", "two"]},
        "world_seed": {"low": 1, "high": 3, "when": {"world": "two"}},
    }
    needed = needed_trials(search(space=ALPHA | conditional))
    assert {config.world_seed for config in needed} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "parameter",
    [
        {"fixed": {"num_names": 1}, "space": {"world_seed": {"low": 0, "high": 99}}},
        {
            "fixed": {"encoder": "image", "num_names": 1},
            "space": {"max_face_share": {"low": 0.65, "high": 0.7}},
        },
    ],
)
def test_more_than_can_be_built(parameter: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="would need more than 64 sets of what trials share"):
        needed_trials(search(**parameter))
