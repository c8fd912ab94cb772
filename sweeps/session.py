"""One `unremember run`: from sweeps to finished trials, whatever happens in between."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from sweeps.board import Board
from sweeps.cluster import Resources, Slots, ray_cluster
from sweeps.events import SweepEvent, TrialEvent
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal
from sweeps.live import preparing, view_of
from sweeps.plan import Plan, estimator_of, make_plan
from sweeps.provenance import provenance
from sweeps.remote import BuildShared, build_on_gpu
from sweeps.spec import Sweep
from sweeps.standing import Record, read_record
from sweeps.tracking import Tracker
from sweeps.trials import Trial, trial_keys
from trainables.config import TrialConfig

_DRAIN_AFTER_INTERRUPT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Science:
    """What a trial is; exchanged in tests.

    Attributes:
        trainable: the Tune Trainable.
        build_shared: makes what all trials read.
    """

    trainable: type
    build_shared: BuildShared


def real_science() -> Science:
    """Give the trials of the papers; loads torch and ray."""
    from trainables.tune import TrialTrainable, build_shared

    return Science(trainable=TrialTrainable, build_shared=build_shared)


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
        plan = make_plan(sweeps, record, fingerprints, retry=retry)
        tracker = Tracker(results, uri, lambda text: _say(console, f"warning: {text}"))
        tracked = tracker.finished([trial.key for trial in plan.to_run])
        plan = dataclasses.replace(plan, finished=plan.finished | tracked)
        facts = provenance()
        to_run = _announce(plan, record, journal, facts, retry=retry)
        _say(console, _summary(plan, len(to_run), retry=retry))
        tracker.start()
        run = _Run(journal, tracker, console, resources or Resources(), facts, interrupt)
        try:
            board = run.run(to_run, record, science)
        except BaseException:
            tracker.close(_DRAIN_AFTER_INTERRUPT_S)
            raise
        tracked_all = _drain(tracker, console)
    return Outcome(plan=plan, finished=board.finished, failed=board.failed, tracked=tracked_all)


@dataclass(frozen=True)
class _Run:
    journal: Journal
    tracker: Tracker
    console: Console
    resources: Resources
    facts: Mapping[str, Any]
    interrupt: Interrupt

    def run(self, trials: Sequence[Trial], record: Record, science: Callable[[], Science]) -> Board:
        board = Board(trials, estimator_of(record))
        if not trials:
            return board
        from sweeps.launch import pseudonym_key, run_trials

        pseudonym_key(trials)  # a key that cannot be read is told before anything is built
        what = science()
        with self._joined() as slots:
            shared = self._build_shared(what, [trial.config for trial in trials], slots)
            if slots is None:
                _say(self.console, "starting Ray ...")
            with view_of(board, self.console) as view:
                run_trials(
                    trials, self.journal, what.trainable, shared,
                    observers=[view, _Notify(self.tracker)], resources=self.resources, slots=slots,
                    provenance=self.facts, interrupt=self.interrupt,
                )  # fmt: skip
        return board

    @contextmanager
    def _joined(self) -> Iterator[Slots | None]:
        """Join the cluster that the user names; None where Ray is started later, on this machine.

        That cluster may have the GPU that this machine lacks for what trials share.
        """
        if not self.resources.address:
            yield None
            return
        _say(self.console, f"joining the Ray cluster {self.resources.address} ...")
        with ray_cluster(self.resources) as slots:
            self.interrupt.listen()  # Ray has taken SIGTERM
            yield slots

    def _build_shared(
        self, science: Science, configs: Sequence[TrialConfig], slots: Slots | None
    ) -> Mapping[str, Any]:
        from trainables.device import best_device

        with preparing(self.console) as progress:
            if slots is not None and slots.gpus and best_device().type == "cpu":
                return build_on_gpu(science.build_shared, configs, progress, self.interrupt)
            return science.build_shared(configs, progress)


class _Notify:
    """Wakes the tracker when the journal has grown."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def started(self, trial: Trial) -> None:
        return

    def reported(self, trial: Trial, report: Mapping[str, Any]) -> None:
        return

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        self._tracker.notify()

    def tick(self) -> None:
        return


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


def _drain(tracker: Tracker, console: Console) -> bool:
    """Wait for the tracking store, and say so if that takes more than a moment."""
    if tracker.close(timeout_s=1.0):
        return True
    _say(console, "writing the last results to the tracking store ...")
    return tracker.close()


def _say(console: Console, message: str) -> None:
    console.print(message, markup=False, highlight=False, soft_wrap=True)
