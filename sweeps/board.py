"""How a run comes along: the numbers that the live view shows."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sweeps.estimate import Estimator
from sweeps.events import TrialEvent
from sweeps.trials import Trial
from trainables.metrics import METRICS

_SHOWN = ("idia_tpr", "others_tpr", "sim_clean", "zeroshot_top1", "loss")


class Board:
    """Counts and remembers what the recorder tells."""

    def __init__(self, trials: Sequence[Trial], estimator: Estimator, slots: int = 1) -> None:
        """Start to count.

        Args:
            trials: what will run.
            estimator: knows how long trials take, and learns.
            slots: how many trials run at a time, as far as is known.
        """
        self.left = {trial.key: trial for trial in trials}
        self.running: dict[str, tuple[Trial, float, Mapping[str, Any]]] = {}
        self.finished = 0
        self.failed = 0
        self.lost = 0
        self.pruned = 0
        self.latest = ""
        self._total = len(trials)
        self._estimator = estimator
        self._slots = slots
        self._first_start: float | None = None

    def started(self, trial: Trial) -> None:
        """A trial has a worker."""
        now = time.monotonic()
        self._first_start = self._first_start or now
        self.running[trial.key] = (trial, now, {})
        self._slots = max(self._slots, len(self.running))

    def reported(self, trial: Trial, report: Mapping[str, Any]) -> None:
        """A trial said how far it is."""
        if trial.key in self.running:
            _, since, _ = self.running[trial.key]
            self.running[trial.key] = (trial, since, dict(report))

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        """A trial finished, failed, was stopped or lost its worker."""
        self.running.pop(trial.key, None)
        if event.kind == "lost":
            self.lost += 1
            return
        self.left.pop(trial.key, None)
        if event.kind == "finished":
            self.finished += 1
            self._estimator.add(event.config, event.duration_s)
            self.latest = f"{title(trial)}: {metrics_line(event.metrics)}"
        elif event.kind == "pruned":
            self.pruned += 1
            self.latest = f"{title(trial)} pruned at step {event.step}"
        else:
            self.failed += 1
            self.latest = f"{title(trial)} failed: {event.error}"

    @property
    def done(self) -> int:
        """Trials that have ended."""
        return self.finished + self.failed + self.pruned

    @property
    def total(self) -> int:
        """Trials of this run."""
        return self._total

    def rate(self) -> float:
        """Trials ended a second, since the first started."""
        if self._first_start is None or not self.done:
            return 0.0
        return self.done / max(time.monotonic() - self._first_start, 1e-3)

    def eta_s(self) -> float | None:
        """Seconds until the last trial ends, as far as finished ones tell."""
        predicted, unknown = self._estimator.total(
            t.config.model_dump() for t in self.left.values()
        )
        if unknown == 0:
            spent = sum(time.monotonic() - since for _, since, _ in self.running.values())
            return max(0.0, predicted - spent) / self._slots
        return len(self.left) / self.rate() if self.rate() else None

    def line(self) -> str:
        """Sum everything up in a line."""
        parts = [
            f"{self.done}/{self.total} done",
            f"{len(self.running)} running",
            f"{self.failed} failed",
            f"{len(self.left) - len(self.running)} left",
        ]
        if self.lost:
            parts.append(f"{self.lost} workers lost")
        if self.rate():
            parts.append(f"{self.rate() * 60:,.1f}/min")
        eta = self.eta_s()
        if eta is not None and self.left:
            parts.append(f"ETA {span(eta)}")
        return ", ".join(parts)


def title(trial: Trial) -> str:
    """Name a trial for people."""
    config = trial.config
    what = f"{config.model} {config.encoder}"
    return f"{what} n={config.num_names} beta={config.beta:g} seed={config.seed}"


def metrics_line(metrics: Mapping[str, float]) -> str:
    """Give the most telling numbers of a finished trial."""
    shown = [(METRICS[name], metrics[name]) for name in _SHOWN if name in metrics]
    return ", ".join(f"{metric.label} {_number(metric.unit, value)}" for metric, value in shown)


def _number(unit: str, value: float) -> str:
    return f"{value:.1%}" if unit == "share" else f"{value:.3f}"


def span(seconds: float) -> str:
    """Write a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
