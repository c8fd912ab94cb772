"""How Tune comes to the trials of a search, and by what it stops those that do worse."""

import math
from collections.abc import Callable
from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, MedianStoppingRule, TrialScheduler
from ray.tune.search import Searcher

from sweeps.searching.goals import Prune
from sweeps.trials import Trial
from trainables.config import IMAGE_PREFIX
from trainables.trial import NUM_REPORTS

_TIME = "training_iteration"
_FIRST = 2
"""The report at which the first trials are stopped: the very first shows little."""
_KEPT = 2
"""ASHA: one trial of this many goes on, each time that the number of reports has doubled."""


class TrialSearcher(Searcher):
    """Hands out one trial whenever there is room for one.

    How trials end, it need not know: the recorder tells the study, journal first.
    """

    def __init__(self, next_trial: Callable[[], Trial | None], is_done: Callable[[], bool]) -> None:
        """Get ready.

        Args:
            next_trial: gives a trial to start now; None while there is none.
            is_done: tells whether there will be none any more.
        """
        super().__init__()
        self._next_trial = next_trial
        self._is_done = is_done

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Give the next trial in the form that the trainable takes."""
        trial = self._next_trial()
        if trial is None:
            return str(Searcher.FINISHED) if self._is_done() else None
        return {"trial_key": trial.key, "trial": trial.config.model_dump()}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Do nothing."""


class _MedianStopping(MedianStoppingRule):
    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Do nothing: the last result holds an outcome, and the rule has seen all reports."""


def scheduler_of(prune: Prune) -> TrialScheduler:
    """Make the scheduler that stops trials; time is counted in reports, whatever their steps."""
    mode = "max" if prune.maximize else "min"
    # Of both encoders, the image encoder is trained, and reports, last.
    before = NUM_REPORTS if prune.metric.startswith(IMAGE_PREFIX) else 0
    if prune.by == "median":
        return _MedianStopping(
            time_attr=_TIME, metric=prune.metric, mode=mode, grace_period=before + _FIRST,
            # Never pause a trial to let others catch up: it could not be taken up again.
            min_time_slice=math.inf,
        )  # fmt: skip
    return AsyncHyperBandScheduler(
        time_attr=_TIME, metric=prune.metric, mode=mode, grace_period=before + _FIRST,
        max_t=before + NUM_REPORTS, reduction_factor=_KEPT,
        # The last report is not the end: what trials are run for is measured after it.
        stop_last_trials=False,
    )  # fmt: skip
