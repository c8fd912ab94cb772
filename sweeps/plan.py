"""What would run: counts, what is already finished, and the time it takes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sweeps.estimate import Estimator
from sweeps.spec import Sweep
from sweeps.standing import Record
from sweeps.trials import Fingerprints, Lenient, Trial, keyed


@dataclass(frozen=True)
class Plan:
    """Trials, sorted by where they stand.

    Attributes:
        sweeps: what was asked for.
        trials: all of them, each once.
        finished: keys of those that are done.
        failed: keys of those that failed and are not run again unless asked.
        missing: what is not on this machine yet, one sentence each.
    """

    sweeps: tuple[Sweep, ...]
    trials: tuple[Trial, ...]
    finished: frozenset[str]
    failed: frozenset[str]
    missing: tuple[str, ...] = ()

    @property
    def to_run(self) -> list[Trial]:
        """The trials that are left."""
        done = self.finished | self.failed
        return [trial for trial in self.trials if trial.key not in done]

    def of(self, sweep: str) -> "Plan":
        """Give the part of one sweep."""
        trials = tuple(trial for trial in self.trials if sweep in trial.sweeps)
        sweeps = tuple(known for known in self.sweeps if known.name == sweep)
        keys = {trial.key for trial in trials}
        return Plan(sweeps, trials, self.finished & keys, self.failed & keys)

    def counts(self) -> dict[str, int]:
        """Count the trials."""
        return {
            "trials": len(self.trials),
            "finished": len(self.finished),
            "failed": len(self.failed),
            "to_run": len(self.to_run),
        }


def make_plan(
    sweeps: Sequence[Sweep],
    record: Record,
    fingerprints: Fingerprints,
    *,
    tracked: Collection[str] = (),
    retry: bool = False,
) -> Plan:
    """Sort the trials of sweeps by where they stand.

    Args:
        sweeps: what was asked for.
        record: what the journal says.
        fingerprints: tells what weights and data are; a `Lenient` one allows for missing files.
        tracked: keys that the tracking server holds as finished.
        retry: whether failed trials run again.

    Raises:
        UserError: two sweeps have one name, or a trial cannot be made.
    """
    trials = keyed(sweeps, fingerprints)
    keys = {trial.key for trial in trials}
    finished = keys & (record.keys("finished") | set(tracked))
    failed = set() if retry else keys & record.keys("failed") - finished
    missing = tuple(fingerprints.missing) if isinstance(fingerprints, Lenient) else ()
    return Plan(tuple(sweeps), tuple(trials), frozenset(finished), frozenset(failed), missing)


def estimator_of(record: Record) -> Estimator:
    """Learn from the finished trials of a journal."""
    estimator = Estimator()
    for standing in record.trials.values():
        if standing.kind == "finished":
            estimator.add(standing.config, standing.duration_s)
    return estimator


def as_json(plan: Plan, estimator: Estimator, concurrent: int) -> dict[str, Any]:
    """Give a plan as plain values."""
    return {
        **plan.counts(),
        **_time(plan, estimator, concurrent),
        "missing": list(plan.missing),
        "sweeps": {
            sweep.name: plan.of(sweep.name).counts()
            | _time(plan.of(sweep.name), estimator, concurrent)
            for sweep in plan.sweeps
        },
    }


def _time(plan: Plan, estimator: Estimator, concurrent: int) -> dict[str, Any]:
    seconds, unknown = estimator.total(trial.config.model_dump() for trial in plan.to_run)
    known = unknown < len(plan.to_run) or not plan.to_run
    return {
        "estimated_s": round(seconds / concurrent, 1) if known else None,
        "without_estimate": unknown,
    }
