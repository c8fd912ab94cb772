"""What a run has to do: trials that are known when it starts, or decided on while it lasts."""

from collections.abc import Sequence
from typing import Any, Protocol

from sweeps.cluster import Slots
from sweeps.events import TrialEvent
from sweeps.trials import Trial
from trainables.config import TrialConfig


class Work(Protocol):
    """The trials of a run; asked on the driver's main thread."""

    @property
    def known(self) -> Sequence[Trial]:
        """The trials that are known before the run starts."""

    @property
    def configs(self) -> Sequence[TrialConfig]:
        """Settings that stand for all trials: what these share, all do."""

    @property
    def is_over(self) -> bool:
        """Whether all trials have ended and no more will come."""

    def trial(self, key: str) -> Trial:
        """Give a trial that was handed to Tune."""

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        """Something is in the journal: a trial ended, or lost its worker and starts anew."""

    def tune_options(self, slots: Slots) -> dict[str, Any]:
        """Say how Tune comes to the trials, in arguments of `tune.run`."""


class Listed:
    """Trials that are all known at the start, in their order."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.known = trials
        self.configs = [trial.config for trial in trials]
        self._trials = {trial.key: trial for trial in trials}
        self._left = len(trials)

    @property
    def is_over(self) -> bool:
        """Whether all trials have ended."""
        return self._left == 0

    def trial(self, key: str) -> Trial:
        """Give one of the trials."""
        return self._trials[key]

    def ended(self, _trial: Trial, event: TrialEvent) -> None:
        """Count what is left."""
        self._left -= event.kind != "lost"

    def tune_options(self, slots: Slots) -> dict[str, Any]:
        """Let Tune go through the keys."""
        from ray import tune

        return {
            "config": {"trial_key": tune.grid_search(list(self._trials))},
            "max_concurrent_trials": slots.limit,
        }
