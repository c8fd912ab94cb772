from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.front.searched import Bound, Goal
from sweeps.searching.candidates import params_of
from sweeps.searching.conditions import required
from sweeps.searching.spec import Search, load_search, search_from
from sweeps.spec import load_sweep

SHIPPED = ("text-tradeoff", "text-utility", "image-tradeoff")


def read(**changes: Any) -> Search:
    content = {
        "name": "mine",
        "preset": "builtin",
        "fixed": {"num_names": 8},
        "space": {"alpha": {"low": 0.1, "high": 32, "log": True}},
        "objectives": ["others_tpr"],
        "num_candidates": 10,
        "seeds": [0, 1],
    }
    return search_from(content | changes, "mine.yaml")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_search_is_found_by_name_and_survives_its_written_form(name: str) -> None:
    search = load_search(name)
    assert (search.name, search.source) == (name, f"sweeps/search/{name}.yaml")
    assert search_from(search.to_dict(), search.source) == search


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "text-tradeoff.yaml"
    path.write_text(
        "name: own\npreset: builtin\nfixed: {num_names: 1}\nspace: {alpha: {low: 1, high: 2}}\n"
        "objectives: [sim_clean]\nnum_candidates: 3\nseeds: 0-2\n"
    )
    search = load_search(str(path))
    assert (search.name, search.seeds, search.sampler) == ("own", (0, 1, 2), "tpe")


def test_directions_are_those_of_the_table_unless_given() -> None:
    objectives = [
        "idia_tpr", "sim_clean", {"metric": "trial_s", "direction": "maximize"},
        {"metric": "all_tpr", "direction": "minimize"}, "cifar10/zeroshot_top1",
    ]  # fmt: skip
    assert read(objectives=objectives).objectives == (
        Goal(metric="idia_tpr", maximize=False),
        Goal(metric="sim_clean", maximize=True),
        Goal(metric="trial_s", maximize=True),
        Goal(metric="all_tpr", maximize=False),
        Goal(metric="cifar10/zeroshot_top1", maximize=True),
    )


def test_constraints_are_bounds_on_means() -> None:
    search = read(constraints={"idia_tpr": {"max": 0}, "others_tpr": {"min": 0.9, "max": 1}})
    assert search.constraints == (
        Bound(metric="idia_tpr", high=0.0),
        Bound(metric="others_tpr", low=0.9, high=1.0),
    )


def test_ten_seeds_behind_those_of_the_search_are_kept_for_the_confirmation() -> None:
    assert read(seeds=[0, 7]).confirmation_seeds == tuple(range(8, 18))
    assert read(confirmation_seeds="20-21").confirmation_seeds == (20, 21)


@pytest.mark.parametrize(
    ("metric", "maximize"),
    [("val_sim_backdoor", True), ("loss", False), ("weight_distance", False)],
)
def test_pruning_knows_what_is_better(metric: str, maximize: bool) -> None:
    prune = read(prune={"metric": metric, "by": "median"}).prune
    assert prune is not None
    assert (prune.metric, prune.maximize, prune.by) == (metric, maximize, "median")


def test_parameters_stand_behind_those_that_they_depend_on() -> None:
    space = {
        "lr_factor": {"low": 0.1, "high": 0.5, "when": {"lr_schedule": "step"}},
        "lr_schedule": {"choices": ["constant", "step"], "when": {"neutral_term": ["adult"]}},
        "neutral_term": {"choices": ["human", "adult"]},
    }
    search = read(space=space)
    assert list(search.space) == ["neutral_term", "lr_schedule", "lr_factor"]
    assert required("lr_factor", search.space) == {
        "lr_schedule": ("step",),
        "neutral_term": ("adult",),
    }


def test_a_float_is_a_float_and_a_whole_number_is_whole() -> None:
    space = {
        "alpha": {"choices": [1, 2]},
        "num_steps": {"low": 100, "high": 200},
        "beta": {"low": 0, "high": 1},
    }
    search = read(space=space)
    extremes = [value for each in search.space.values() for value in each.extremes]
    assert [type(value) for value in extremes] == [float, float, int, int, float, float]


ranges = st.tuples(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3)).filter(
    lambda ends: ends[0] < ends[1]
)


@given(ranges, st.booleans(), st.lists(st.integers(1, 512), min_size=1, unique=True))
def test_a_search_survives_its_written_form(
    ends: tuple[float, float], log: bool, sizes: list[int]
) -> None:
    low, high = ends
    search = read(
        space={
            "alpha": {"low": low, "high": high, "log": log},
            "clean_batch_size": {"choices": sizes},
            "num_steps": {"low": 10, "high": 100, "step": 30},
        },
        sampler="random",
        constraints={"idia_tpr": {"max": low}},
        prune={"metric": "val_sim_clean", "by": "asha"},
        warm_start=["preset", "quickstart"],
    )
    assert search_from(search.to_dict(), search.source) == search


def test_what_was_found_is_a_sweep_on_seeds_that_its_search_did_not_use() -> None:
    trials = load_sweep("best-text").trials()
    search = load_search("text-utility")
    assert [trial.seed for trial in trials] == list(search.confirmation_seeds)
    (params,) = {tuple((params_of(search, trial) or {}).items()) for trial in trials}
    assert set(dict(params)) == set(search.space)
