"""What a study asks and is told, also after its driver was killed."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import BaseStorage, InMemoryStorage

from analysis.front.candidates import Candidate
from sweeps.searching.space import Param
from sweeps.searching.spec import Search, search_from
from sweeps.searching.storage import load_study, storage_url
from sweeps.searching.study import ask, candidates_of, open_study, tell
from trainables.errors import UserError

STEP = {"when": {"lr_schedule": "step"}}
TEXT = search_from(
    {
        "name": "text-tradeoff",
        "preset": "builtin",
        "fixed": {"encoder": "text", "num_names": 8},
        "space": {
            "alpha": {"low": 0.1, "high": 32, "log": True},
            "beta": {"low": 1e-4, "high": 0.1, "log": True},
            "learning_rate": {"low": 3e-4, "high": 1e-2, "log": True},
            "num_steps": {"low": 100, "high": 400, "step": 50},
            "clean_batch_size": {"choices": [32, 64, 128]},
            "backdoor_batch_size": {"choices": [32, 64, 128]},
            "neutral_term": {"choices": ["human", "person", "adult"]},
            "lr_schedule": {"choices": ["constant", "step"]},
            "lr_milestones": {
                "choices": [[0.6, 0.85], [0.5, 0.75]],
                "when": {"lr_schedule": "step"},
            },
            "lr_factor": {"low": 0.05, "high": 0.5, "log": True} | STEP,
        },
        "objectives": ["others_tpr", "sim_clean", "trial_s"],
        "constraints": {"idia_tpr": {"max": 0}},
        "num_candidates": 60,
        "seeds": [0, 1, 2],
        "confirmation_seeds": "10-19",
    },
    "here",
)
START: dict[str, Param] = {
    "alpha": 4.0, "beta": 0.01, "learning_rate": 0.003, "num_steps": 200, "clean_batch_size": 64,
    "backdoor_batch_size": 64, "neutral_term": "human", "lr_schedule": "constant",
}  # fmt: skip


def search_with(sampler: str, **changes: Any) -> Search:
    """Give a search that the sampler takes: some take no conditions."""
    content = TEXT.to_dict() | {"sampler": sampler, "num_candidates": 20} | changes
    if sampler not in ("tpe", "random"):
        space = {k: v for k, v in content["space"].items() if not v.get("when")}
        content |= {"space": {k: v for k, v in space.items() if k != "lr_schedule"}}
    return search_from(content, "mine.yaml")


def metrics_of(params: dict[str, Any], seed: int) -> dict[str, float]:
    """Stand in for a trial: a trade-off in alpha and the rate, feasible where alpha is large."""
    alpha = math.log(params["alpha"])
    return {
        "others_tpr": 1 - abs(alpha - 1) / 5 + seed / 1000,
        "sim_clean": 1 - 10 * params["learning_rate"],
        "trial_s": params["num_steps"] / 10,
        "idia_tpr": max(0.0, (2 - alpha) / 8),
    }


def outcome_of(params: dict[str, Any], search: Search) -> dict[int, dict[str, float]]:
    return {seed: metrics_of(params, seed) for seed in search.seeds}


def run(
    search: Search, storage: str | BaseStorage, num: int, kills: tuple[int, ...] = ()
) -> list[dict[str, Param]]:
    """Run candidates one after the other; the driver is killed while those of `kills` run."""
    study = open_study(search, storage)
    asked = []
    for step in range(num):
        number, params = ask(study, search)
        if step in kills:
            study = open_study(search, storage)
            (running,) = (each for each in candidates_of(study) if each.state == "running")
            assert (running.number, running.params) == (number, params)
        tell(study, number, outcome_of(params, search))
        asked.append(params)
    return asked


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "random", "sobol"])
def test_candidates_are_the_same_again_also_if_the_driver_was_killed(sampler: str) -> None:
    search = search_with(sampler)
    first = run(search, InMemoryStorage(), 16)
    assert run(search, InMemoryStorage(), 16, kills=(0, 4, 5, 13)) == first
    other = dataclasses.replace(search, sampler_seed=1)
    assert run(other, InMemoryStorage(), 3)[1:] != first[1:3]


@pytest.mark.parametrize("sampler", ["tpe", "random", "sobol"])
def test_no_draw_is_repeated(sampler: str) -> None:
    found = run(search_with(sampler), InMemoryStorage(), 20, kills=(3, 12))
    assert len({tuple(params.items()) for params in found}) == 20


@pytest.mark.parametrize("objectives", [["others_tpr"], ["others_tpr", "sim_clean"]])
def test_the_gaussian_process_is_reproducible(objectives: list[str]) -> None:
    space = {"alpha": {"low": 0.1, "high": 32, "log": True}, "num_steps": {"choices": [100, 200]}}
    space["learning_rate"] = {"low": 3e-4, "high": 1e-2, "log": True}
    search = search_with("gp", objectives=objectives)
    search = search_from(search.to_dict() | {"space": space}, "mine.yaml")
    assert run(search, InMemoryStorage(), 12) == run(search, InMemoryStorage(), 12, kills=(10,))


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "random", "sobol"])
def test_a_single_objective(sampler: str) -> None:
    search = search_with(sampler, objectives=["sim_clean"], constraints={})
    assert len(run(search, InMemoryStorage(), 14)) == 14


def test_constraints_lead_the_sampler_to_what_is_feasible() -> None:
    num_feasible = {}
    for sampler in ("tpe", "random"):
        search = search_with(sampler, objectives=["sim_clean"])
        run(search, storage := InMemoryStorage(), 40)
        found = candidates_of(open_study(search, storage))[20:]
        num_feasible[sampler] = sum(candidate.feasible for candidate in found)
    assert num_feasible["tpe"] > 1.5 * num_feasible["random"]


def test_conditions_decide_which_parameters_a_candidate_has() -> None:
    for params in run(search_with("tpe"), InMemoryStorage(), 20):
        has = {"lr_milestones", "lr_factor"} & params.keys()
        assert len(has) == (2 if params["lr_schedule"] == "step" else 0)


def test_warm_starts_come_first_and_once() -> None:
    storage = InMemoryStorage()
    search = search_with("nsga2")
    given = {name: value for name, value in START.items() if name in search.space}
    starts = [given, given | {"alpha": 8.0}]
    study = open_study(search, storage, starts)
    assert ask(study, search) == (0, starts[0])
    study = open_study(search, storage, starts)
    assert ask(study, search) == (1, starts[1])
    number, drawn = ask(study, search)
    assert number == 2
    assert drawn not in starts
    for number, params in enumerate([*starts, drawn]):
        tell(study, number, outcome_of(params, search))
    attributes = study.get_trials(deepcopy=False)[0].system_attrs
    assert attributes["NSGAIISampler:generation"] == 0


def test_means_and_deviations_are_kept() -> None:
    storage = InMemoryStorage()
    search = search_with("tpe", seeds=[0, 1], constraints={"idia_tpr": {"max": 0.25}})
    study = open_study(search, storage, [START])
    numbers = {"sim_clean": 0.5, "trial_s": 2.0, "energy_j": math.nan}
    first = numbers | {"others_tpr": 0.5, "idia_tpr": 0.0, "attack_s": 1.0}
    second = numbers | {"others_tpr": 1.0, "idia_tpr": 0.5}
    number, params = ask(study, search)
    tell(study, number, {0: first, 1: second})
    mean = {"sim_clean": 0.5, "trial_s": 2.0, "others_tpr": 0.75, "idia_tpr": 0.25}
    std = {"sim_clean": 0.0, "trial_s": 0.0, "others_tpr": 0.5**1.5, "idia_tpr": 0.5**1.5}
    assert candidates_of(study) == [
        Candidate(number=0, params=params, mean=mean, std=pytest.approx(std), n=2, feasible=True)
    ]
    assert study.trials[0].values == [0.75, 0.5, 2.0]
    assert study.trials[0].constraints == {"idia_tpr max": 0.0}


@pytest.mark.parametrize(
    ("bounds", "feasible"),
    [
        ({"max": 0.3}, True),
        ({"max": 0.2999}, False),
        ({"min": 0.3}, True),
        ({"min": 0.3, "max": 0.3}, True),
        ({"min": 0.3001}, False),
    ],
)
def test_a_mean_keeps_a_bound_that_it_misses_by_noise(
    bounds: dict[str, float], feasible: bool
) -> None:
    search = search_with("random", constraints={"idia_tpr": bounds})
    study = open_study(search, InMemoryStorage())
    number, params = ask(study, search)
    shares = (0.1, 0.2, 0.6)
    tell(study, number, {i: metrics_of(params, i) | {"idia_tpr": shares[i]} for i in range(3)})
    assert [each.feasible for each in candidates_of(study)] == [feasible]


def test_a_single_seed_has_no_deviation() -> None:
    search = search_with("random", seeds=[4])
    study = open_study(search, InMemoryStorage())
    number, params = ask(study, search)
    tell(study, number, outcome_of(params, search))
    (candidate,) = candidates_of(study)
    assert (candidate.n, candidate.std) == (1, {})


def test_states() -> None:
    search = search_with("tpe")
    study = open_study(search, InMemoryStorage())
    asked = [ask(study, search) for _ in range(5)]
    tell(study, 0, outcome_of(asked[0][1], search))
    tell(study, 1, "failed", "the loss became nan at step 3")
    tell(study, 2, "pruned")
    whole = outcome_of(asked[3][1], search)
    tell(study, 3, {0: whole[0], 1: whole[1] | {"sim_clean": math.nan}})
    states = [candidate.state for candidate in candidates_of(study)]
    assert states == ["complete", "failed", "pruned", "failed", "running"]
    errors = [trial.user_attrs.get("error") for trial in study.trials]
    assert errors[1] == "the loss became nan at step 3"
    assert errors[3] == "sim_clean was not measured on all seeds"
    assert {each.mean == {} and not each.feasible for each in candidates_of(study)[1:]} == {True}


def test_draws_that_make_no_trial_are_not_counted() -> None:
    space = {"num_names": {"choices": [2, 3, 5]}, "backdoor_batch_size": {"choices": [4, 9, 25]}}
    content = TEXT.to_dict() | {"space": space, "fixed": {"encoder": "image"}, "sampler": "random"}
    search = search_from(content, "mine.yaml")
    study = open_study(search, InMemoryStorage())
    for _ in range(10):
        number, params = ask(study, search)
        assert int(params["backdoor_batch_size"]) % int(params["num_names"]) == 0
        tell(study, number, outcome_of({"alpha": 1, "learning_rate": 1, "num_steps": 1}, search))
    assert len(study.trials) > 10
    assert len(candidates_of(study)) == 10
    assert {candidate.state for candidate in candidates_of(study)} == {"complete"}


def test_a_database_holds_all_that_a_dashboard_shows(tmp_path: Path) -> None:
    url = storage_url(tmp_path / "results")
    search = search_with("tpe")
    run(search, url, 2)
    study = optuna.load_study(study_name="text-tradeoff", storage=url)
    assert study.metric_names == ["others_tpr", "sim_clean", "trial_s"]
    assert [direction.name for direction in study.directions] == ["MAXIMIZE"] * 2 + ["MINIMIZE"]
    # A dashboard lays an attribute out in one line: each metric has its own.
    attributes = study.trials[0].user_attrs
    assert attributes["mean trial_s"] == study.trials[0].values[2]
    assert {name for name in attributes if name.startswith("std ")} == {
        f"std {name}" for name in ("others_tpr", "sim_clean", "trial_s", "idia_tpr")
    }
    distributions = study.trials[0].distributions
    assert distributions["alpha"] == search.space["alpha"].distribution
    kept, again = load_study("text-tradeoff", url)
    assert kept == dataclasses.replace(search, source="the study's text-tradeoff")
    assert candidates_of(again) == candidates_of(study)


def test_a_driver_that_was_killed_while_it_drew(tmp_path: Path) -> None:
    url = storage_url(tmp_path)
    search = search_with("random")
    study = open_study(search, url)
    study.ask().suggest_float("alpha", 0.1, 32, log=True)
    (candidate,) = candidates_of(open_study(search, url))
    assert candidate.state == "running"
    assert candidate.params.keys() >= START.keys()


def test_a_search_may_grow_and_change_its_sampler_but_not_its_space(tmp_path: Path) -> None:
    url = storage_url(tmp_path)
    search = search_with("tpe")
    run(search, url, 1)
    study = open_study(search_with("random", num_candidates=30, sampler_seed=7), url)
    assert len(candidates_of(study)) == 1
    assert study.user_attrs["search"]["num_candidates"] == 30
    for key, value in (
        ("space", {"alpha": {"low": 1, "high": 2}}),
        ("constraints", {}),
        ("seeds", [0, 1]),
        ("preset", "ecai2024"),
    ):
        with pytest.raises(
            UserError, match=rf"'text-tradeoff' was begun in .* another {key}: give"
        ):
            open_study(search_from(search.to_dict() | {key: value}, "mine.yaml"), url)


def test_a_study_of_another_program_is_left_alone(tmp_path: Path) -> None:
    url = storage_url(tmp_path)
    optuna.create_study(storage=url, study_name="text-tradeoff").ask()
    with pytest.raises(UserError, match=r"the study 'text-tradeoff' in .* is of another program"):
        open_study(search_with("tpe"), url)
    with pytest.raises(UserError, match=r"the study 'text-tradeoff' in .* is of no search"):
        load_study("text-tradeoff", url)


def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    search = search_with("tpe")
    (tmp_path / "studies.db").write_text("no database")
    for url in (storage_url(tmp_path), "nowhere", "nosql://me:secret@host/db"):
        with pytest.raises(UserError, match="cannot keep studies in ") as error:
            open_study(search, url)
        assert "secret" not in str(error.value)
        assert "\n" not in str(error.value)


def test_reading_a_search_makes_no_database(tmp_path: Path) -> None:
    url = storage_url(tmp_path)
    with pytest.raises(UserError, match="there are no studies at"):
        load_study("text-tradeoff", url)
    assert not list(tmp_path.iterdir())
    open_study(search_with("tpe"), url)
    with pytest.raises(UserError, match=r"there is no search 'txt-tradeoff' in .*did you mean"):
        load_study("txt-tradeoff", url)


def test_storage_is_beside_the_journal_unless_named(tmp_path: Path) -> None:
    assert storage_url(tmp_path, "postgresql://host/db") == "postgresql://host/db"
    assert storage_url(tmp_path) == f"sqlite:///{tmp_path}/studies.db"
