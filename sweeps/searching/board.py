"""How a search comes along: candidates done of those asked for, and the best so far."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from analysis.front.candidates import Candidate
from analysis.front.pareto import front_of, losses
from analysis.front.searched import Goal, metric_of
from analysis.numbers import mean_text
from sweeps.board import Board, span
from sweeps.estimate import Estimator
from sweeps.events import TrialEvent
from sweeps.trials import Trial


class SearchBoard(Board):
    """Counts candidates where a sweep counts trials.

    Attributes:
        num_trials_left: tells how many trials are to come, those that run included.
    """

    def __init__(self, goals: Sequence[Goal], num_asked: int) -> None:
        """Start to count.

        Args:
            goals: the objectives.
            num_asked: candidates asked for.
        """
        super().__init__((), Estimator())
        self.num_trials_left: Callable[[], int] = lambda: 0
        self._goals = goals
        self._total = num_asked
        self._states: Counter[str] = Counter()
        self._best = ""
        self._durations_s: list[float] = []

    @property
    def done(self) -> int:
        """Candidates that have been judged, in earlier runs too."""
        return self._states.total() - self._states["running"]

    @property
    def num_complete(self) -> int:
        """Candidates that finished on all seeds."""
        return self._states["complete"]

    @property
    def counts(self) -> str:
        """How many candidates have been judged, and with what verdict."""
        counts = [f"{self.done}/{self.total} candidates"]
        counts += [f"{self._states[state]} {state}" for state in ("failed", "pruned")
                   if self._states[state]]  # fmt: skip
        return ", ".join(counts)

    @property
    def best(self) -> str:
        """The best feasible candidates so far, of each objective."""
        return self._best or "none is feasible yet"

    def update(self, candidates: Sequence[Candidate]) -> None:
        """Take in how all candidates stand."""
        self._states = Counter(candidate.state for candidate in candidates)
        self._best = best_text(front_of(candidates, self._goals), self._goals)

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        """A trial finished, failed, was stopped or lost its worker."""
        super().ended(trial, event)
        if event.kind != "lost":
            self._durations_s.append(event.duration_s)

    def eta_s(self) -> float | None:
        """Seconds until the last trial ends, if those to come take as long as those before."""
        if not self._durations_s:
            return None
        mean_s = sum(self._durations_s) / len(self._durations_s)
        now = time.monotonic()
        spent_s = sum(min(now - since, mean_s) for _, since, _ in list(self.running.values()))
        return max(0.0, self.num_trials_left() * mean_s - spent_s) / self._slots

    def line(self) -> str:
        """Sum everything up in a line."""
        parts = [self.counts, f"{len(self.running)} trials running"]
        if self.lost:
            parts.append(f"{self.lost} workers lost")
        eta_s = self.eta_s()
        if eta_s is not None and self.num_trials_left():
            parts.append(f"ETA {span(eta_s)}")
        return f"{', '.join(parts)}; best: {self.best}"


def best_text(front: Sequence[Candidate], goals: Sequence[Goal]) -> str:
    """Say which candidate of a front is best at each objective; empty where there is none."""
    if not front:
        return ""
    best = [front[row] for row in losses(front, goals).argmin(axis=0)]
    texts = []
    for goal, candidate in zip(goals, best, strict=True):
        mean = mean_text(candidate.mean[goal.metric], metric_of(goal.metric).unit, finely=True)
        texts.append(f"{goal.label} {mean} (candidate {candidate.number})")
    return ", ".join(texts)
