"""What Tune tells the driver about trials becomes events: journal first, then everyone else."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ray import tune

from sweeps.events import TrialEvent
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal
from sweeps.logs import write_log
from sweeps.students import Students
from sweeps.trials import Trial
from sweeps.work import Work

# What Tune itself reads in a result. All else would stay in the driver for as long as it lives.
_KEPT = frozenset({"done", "trial_id", "training_iteration", "pid", "node_ip", "hostname"})


class AllEndedError(BaseException):
    """Nothing is left to run: leave Tune at once.

    Its own end writes a state that nobody reads and waits seconds for workers that are about to
    be shut down with their cluster.
    """


class Observer(Protocol):
    """Whoever wants to know how trials come along; called on the driver's main thread."""

    def started(self, trial: Trial) -> None:
        """A trial has a worker."""

    def reported(self, trial: Trial, report: Mapping[str, Any]) -> None:
        """A trial said how far it is."""

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        """Something is in the journal: a trial finished, failed or lost its worker."""

    def tick(self) -> None:
        """Time goes by."""


class Recorder(tune.Callback):
    """The driver's end of every trial."""

    def __init__(
        self,
        work: Work,
        journal: Journal,
        observers: Sequence[Observer],
        provenance: Mapping[str, Any],
        interrupt: Interrupt,
        students: Students,
        *,
        leave_at_once: bool = False,
    ) -> None:
        """Get ready.

        Args:
            work: knows the trials, and is told when one ends.
            journal: where events go first.
            observers: who is told last.
            provenance: kept with every event.
            interrupt: asked between steps whether to stop.
            students: keeps the encoders that the trials defend.
            leave_at_once: whether to raise `AllEndedError` after the last trial.
        """
        self._leave_at_once = leave_at_once
        self._work = work
        self._journal = journal
        self._observers = observers
        self._provenance = dict(provenance)
        self._interrupt = interrupt
        self._students = students
        self._started: dict[str, float] = {}
        self.error: Exception | None = None

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Stop if asked to, between two events."""
        self._interrupt.check()
        for observer in self._observers:
            observer.tick()

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Leave when nothing is left."""
        if self._leave_at_once and self._work.is_over:
            raise AllEndedError

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A worker took the trial."""
        mine = self._of(trial)
        self._started[mine.key] = time.time()
        for observer in self._observers:
            observer.started(mine)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """A report, or the outcome."""
        mine = self._of(trial)
        report = {name: result.pop(name) for name in list(result) if name not in _KEPT}
        outcome = report.get("outcome")
        if outcome is None:
            for observer in self._observers:
                observer.reported(mine, report)
            if result.get("done"):  # Tune stops it
                self._record(mine, "pruned", step=int(report["step"]))
            return
        if outcome["status"] == "finished":
            self._students.keep(mine, outcome)
            self._record(mine, "finished", metrics=outcome["metrics"], curve=outcome["curve"],
                         people=outcome.get("people", ()), worker=outcome["worker"],
                         duration_s=outcome["duration_s"])  # fmt: skip
            self._students.settle()
            return
        self._record(mine, "failed", error=outcome["error"], step=outcome.get("step"),
                     traceback=outcome.get("traceback") or "", worker=outcome.get("worker") or {},
                     )  # fmt: skip

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The worker died; Tune runs the trial again."""
        self._record(self._of(trial), "lost", error=_why(trial))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The worker died too often, or the trainable has a bug outside of the trial."""
        self._record(self._of(trial), "failed", error=_why(trial), traceback=_error_text(trial))

    def _of(self, trial: Any) -> Trial:
        return self._work.trial(trial.config["trial_key"])

    def _record(self, trial: Trial, kind: str, **fields: Any) -> None:
        ended_at = time.time()
        started_at = self._started.pop(trial.key, ended_at)
        event = TrialEvent.model_validate(
            {
                "kind": kind,
                "trial_key": trial.key,
                "sweeps": trial.sweeps,
                "config": trial.config.model_dump(mode="json"),
                "started_at": started_at,
                "ended_at": ended_at,
                "duration_s": ended_at - started_at,
                "provenance": self._provenance,
            }
            | fields
        )
        try:
            self._journal.append(event)
            if kind in ("failed", "lost"):
                write_log(Path(self._journal.results), event)
            self._work.ended(trial, event)
        except Exception as error:
            self.error = error  # Tune wraps what callbacks raise into an error of its own
            raise
        for observer in self._observers:
            observer.ended(trial, event)


def _why(trial: Any) -> str:
    """Say in a line why Tune gave a trial's worker up."""
    text = _error_text(trial)
    if "The actor died" in text or "ActorDiedError" in text:
        return "its worker process died"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "its worker was lost"


def _error_text(trial: Any) -> str:
    """Read what Tune noted about a trial's latest error."""
    if trial.error_file is None or not Path(trial.error_file).exists():
        return ""
    return Path(trial.error_file).read_text(errors="replace").rpartition("Failure # ")[2]
