"""One `unremember run`: from sweeps to finished trials, whatever happens in between."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from sweeps.board import Board
from sweeps.cluster import Resources
from sweeps.engine import Run, Science, real_science, say
from sweeps.events import SweepEvent, TrialEvent
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal
from sweeps.plan import Plan, estimator_of, make_plan
from sweeps.provenance import provenance
from sweeps.spec import Sweep
from sweeps.standing import Record, read_record
from sweeps.tracking import Tracker
from sweeps.trials import Trial, trial_keys
from sweeps.work import Listed
from trainables.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        plan: what it had to do.
        finished: trials that finished in it.
        failed: trials that failed in it.
        tracked: whether everything is in the tracking store.
    """

    plan: Plan
    finished: int
    failed: int
    tracked: bool


def run_sweeps(
    sweeps: Sequence[Sweep],
    results: Path,
    uri: str,
    console: Console,
    *,
    resources: Resources | None = None,
    retry: bool = False,
    science: Callable[[], Science] = real_science,
) -> Outcome:
    """Run what is left of sweeps.

    Args:
        sweeps: what to run.
        results: the folder of journal and logs.
        uri: of the tracking store.
        console: where the run is shown.
        resources: what trials run on.
        retry: run the trials that failed, and only those.
        science: what a trial is; called only if there is one to run.

    Raises:
        UserError: something is wrong with what was asked for, before anything runs.
        InterruptedRunError: a signal asked to stop; the same command goes on.
    """
    from trainables.fingerprints import fingerprints

    (resources or Resources()).check()
    with Interrupt() as interrupt, Journal(results) as journal:
        record = read_record(results)
        _check_names(sweeps, record, results)
        plan = make_plan(sweeps, record, fingerprints, retry=retry)
        tracker = Tracker(results, uri, lambda text: say(console, f"warning: {text}"))
        tracked = tracker.finished([trial.key for trial in plan.to_run])
        plan = dataclasses.replace(plan, finished=plan.finished | tracked)
        facts = provenance()
        to_run = _announce(plan, record, journal, facts, retry=retry)
        say(console, _summary(plan, len(to_run), retry=retry))
        run = Run(journal, tracker, console, resources or Resources(), facts, interrupt)
        board = Board(to_run, estimator_of(record))
        tracked_all = run.run(Listed(to_run), board, science)
    return Outcome(plan=plan, finished=board.finished, failed=board.failed, tracked=tracked_all)


def _check_names(sweeps: Sequence[Sweep], record: Record, results: Path) -> None:
    for sweep in sweeps:
        if sweep.name in record.searches:
            raise UserError(
                f"{sweep.source}: {sweep.name!r} is a search in {results}: give the sweep "
                "another name, or name another folder with --results."
            )


def _announce(
    plan: Plan, record: Record, journal: Journal, facts: dict[str, Any], *, retry: bool
) -> list[Trial]:
    """Journal what was asked for, and give what is to run."""
    now = time.time()
    for sweep in plan.sweeps:
        keys = trial_keys(plan.trials, sweep.name)
        journal.append(SweepEvent(sweep=sweep.to_dict(), trial_keys=keys, at=now, provenance=facts))
    if not retry:
        return plan.to_run
    failed = record.keys("failed") | record.keys("retried")
    again = [trial for trial in plan.to_run if trial.key in failed]
    for trial in again:
        journal.append(
            TrialEvent(
                kind="retried",
                trial_key=trial.key,
                sweeps=trial.sweeps,
                config=trial.config.model_dump(mode="json"),
                started_at=now,
                ended_at=now,
                duration_s=0,
                provenance=facts,
            )
        )
    return again


def _summary(plan: Plan, num_to_run: int, *, retry: bool) -> str:
    counts = plan.counts()
    text = f"{counts['trials']} trials: {counts['finished']} finished, {num_to_run} to run"
    text += " again" if retry else ""
    if plan.failed:
        text += (
            f", {len(plan.failed)} failed before and skipped (`unremember failures` says why, "
            "`unremember retry` runs them again)"
        )
    return text
