from typing import Any

import pytest

from sweeps.events import TrialEvent
from sweeps.searching.spec import Search, load_search, search_from
from sweeps.searching.warm import warm_starts
from sweeps.spec import Sweep
from sweeps.standing import Record, record_of
from trainables.errors import UserError

TEXT = load_search("text-tradeoff")
PRESET = {
    "alpha": 4.0, "beta": 0.01, "alpha_growth": 1.0, "beta_growth": 1.0, "learning_rate": 0.003,
    "num_steps": 200, "clean_batch_size": 64, "backdoor_batch_size": 64, "neutral_term": "human",
    "lr_schedule": "step", "lr_milestones": "0.6, 0.85", "lr_factor": 0.3,
}  # fmt: skip


def search_with(**changes: Any) -> Search:
    return search_from(TEXT.to_dict() | changes, "mine.yaml")


def record_with(*kinds: str, **axes: tuple[Any, ...]) -> Record:
    """Make the record of a sweep's trials, of these kinds in turn."""
    sweep = Sweep(name="quickstart", preset="builtin", fixed={"num_names": 8}, axes=axes)
    times = {"started_at": 0.0, "ended_at": 1.0, "duration_s": 1.0}
    events = [
        TrialEvent.model_validate(
            {
                "kind": kinds[number % len(kinds)], "trial_key": f"{number:016x}",
                "sweeps": ("quickstart",), "config": config.model_dump(mode="json"), "error": "x",
            }
            | times
        )
        for number, config in enumerate(sweep.trials())
    ]  # fmt: skip
    return record_of(events)


def test_the_preset_comes_first() -> None:
    assert warm_starts(TEXT, Record()) == [PRESET]


def test_finished_settings_of_a_sweep_count_once_if_they_lie_in_the_space() -> None:
    record = record_with("finished", beta=(0, 0.01, 0.05), alpha=(4.0, 8.0), seed=(0, 1, 2))
    found = warm_starts(TEXT, record)
    assert found[0] == PRESET
    assert {(params["beta"], params["alpha"]) for params in found} == {
        (0.01, 4.0), (0.01, 8.0), (0.05, 4.0), (0.05, 8.0),
    }  # fmt: skip
    assert len(found) == 4


def test_settings_that_are_not_finished_do_not_count() -> None:
    record = record_with("failed", alpha=(8.0,), seed=(0,))
    assert warm_starts(search_with(warm_start=["quickstart"]), record) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"warm_start": ["quikstart"]},
            "warm start 'quikstart' is neither `preset` nor a sweep of",
        ),
        (
            {"space": {"alpha": {"low": 8, "high": 9}}},
            "warm start 'preset' lies outside of the space: widen a range, or leave it out.",
        ),
        ({"num_candidates": 3}, "num_candidates 3 is less than the 4 warm starts: ask for more."),
    ],
)
def test_a_mistake_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    record = record_with("finished", alpha=(1.0, 2.0, 3.0), seed=(0,))
    with pytest.raises(UserError) as error:
        warm_starts(search_with(**changes), record)
    assert str(error.value).startswith("mine.yaml: ")
    assert sentence in str(error.value)


def test_without_a_preset_there_is_none_to_start_with() -> None:
    (trial, *_) = Sweep(
        name="x", preset="builtin", fixed={"num_names": 8, "seed": 0}, source="x"
    ).trials()
    fields = trial.model_dump(mode="json", exclude_none=True, exclude={"alpha", "seed"})
    search = search_with(preset="", fixed=fields, space={"alpha": {"low": 1, "high": 8}})
    with pytest.raises(UserError, match="warm start 'preset', but the search has no preset"):
        warm_starts(search, Record())
