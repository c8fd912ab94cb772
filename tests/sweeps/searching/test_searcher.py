from typing import Any
from unittest.mock import MagicMock

import pytest
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from sweeps.searching.goals import Prune, Pruner
from sweeps.searching.searcher import TrialSearcher, scheduler_of
from tests.sweeps.fakes import CONFIG, make_trials
from trainables.tune import TrialTrainable

LAST = {"training_iteration": 9, "done": True}


def test_the_searcher_hands_trials_out_until_there_are_none() -> None:
    (trial,) = make_trials(1)
    given = iter([trial, None, None])
    is_done = iter([False, True])
    searcher = TrialSearcher(lambda: next(given), lambda: next(is_done))
    assert searcher.suggest("1") == {"trial_key": trial.key, "trial": trial.config.model_dump()}
    assert searcher.suggest("2") is None
    assert searcher.suggest("2") == Searcher.FINISHED


def test_a_worker_takes_a_trial_that_nobody_knew_at_the_start() -> None:
    worker: Any = object.__new__(TrialTrainable)
    worker._jobs, worker._kept = {"known": CONFIG.model_dump()}, frozenset()
    unknown = CONFIG.model_copy(update={"alpha": 7.0})
    assert worker.reset_config({"trial_key": "unknown", "trial": unknown.model_dump()})
    assert worker._config == unknown
    assert worker.reset_config({"trial_key": "known"})
    assert worker._config == CONFIG


def decide(prune: Prune, reports: list[list[dict[str, float]]]) -> list[int | None]:
    """Feed trials one after the other to a scheduler; give the report at which each is stopped."""
    scheduler, runner = scheduler_of(prune), MagicMock()
    runner.get_live_trials.return_value = []
    stopped: list[int | None] = []
    for number, of_trial in enumerate(reports):
        trial = MagicMock(trial_id=str(number))
        scheduler.on_trial_add(runner, trial)
        at = None
        for count, report in enumerate(of_trial, start=1):
            result = report | {"training_iteration": count}
            if scheduler.on_trial_result(runner, trial, result) == TrialScheduler.STOP:
                at = count
                break
        scheduler.on_trial_complete(runner, trial, LAST)
        stopped.append(at)
    return stopped


@pytest.mark.parametrize("by", ["asha", "median"])
def test_the_worse_are_stopped_and_no_good_one_before_it_is_measured(by: Pruner) -> None:
    prune = Prune(metric="val_sim_clean", by=by)
    good, bad = ([{"val_sim_clean": value}] * 8 for value in (0.875, 0.125))
    first, *others, worst = decide(prune, [good, good, good, good, bad])
    assert (first, others) == (None, [None] * 3)
    assert worst == 2


@pytest.mark.parametrize("by", ["asha", "median"])
def test_of_both_encoders_the_image_encoder_reports_last(by: Pruner) -> None:
    prune = Prune(metric="image_loss", by=by)
    text = [{"loss": 1.0}] * 8
    good, bad = ([*text, *[{"image_loss": value}] * 8] for value in (0.125, 0.875))
    *others, worst = decide(prune, [good, good, good, good, bad])
    assert others == [None] * 4
    assert worst == 10
