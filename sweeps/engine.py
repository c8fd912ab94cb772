"""The part of a run in which trials run: what they share is built, then Ray is started for them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from sweeps.board import Board
from sweeps.cluster import Resources, Slots, ray_cluster
from sweeps.events import TrialEvent
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal
from sweeps.live import preparing, view_of
from sweeps.remote import BuildShared, build_on_gpu
from sweeps.tracking import Tracker
from sweeps.trials import Trial
from sweeps.work import Work
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


@dataclass(frozen=True)
class Run:
    """The part of a run in which trials run.

    Attributes:
        journal: where events go first.
        tracker: woken when the journal has grown.
        console: where the run is shown.
        resources: what trials run on.
        facts: kept with every event.
        interrupt: lets signals stop the run.
    """

    journal: Journal
    tracker: Tracker
    console: Console
    resources: Resources
    facts: Mapping[str, Any]
    interrupt: Interrupt

    def run(
        self,
        work: Work,
        board: Board,
        science: Callable[[], Science],
        at_end: Callable[[], None] = lambda: None,
    ) -> bool:
        """Run what is left, and let the tracking store follow.

        Args:
            work: what is to run.
            board: of the live view.
            science: what a trial is; called only if there is one to run.
            at_end: called when trials run no more, also if they were interrupted.

        Returns:
            Whether everything in the journal is in the tracking store.

        Raises:
            UserError: a trial cannot be run, before any of them has cost anything.
            InterruptedRunError: a signal asked to stop.
        """
        self.tracker.start()
        try:
            if not work.is_over:
                self._run_trials(work, board, science())
        except BaseException:
            at_end()
            self.tracker.close(_DRAIN_AFTER_INTERRUPT_S)
            raise
        at_end()
        return self._drain()

    def _run_trials(self, work: Work, board: Board, science: Science) -> None:
        from sweeps.launch import pseudonym_key, run_trials

        pseudonym_key(work.configs)  # a key that cannot be read is told before anything is built
        with self._joined() as slots:
            shared = self._build_shared(science, work.configs, slots)
            if slots is None:
                say(self.console, "starting Ray ...")
            with view_of(board, self.console) as view:
                run_trials(
                    work, self.journal, science.trainable, shared,
                    observers=[view, _Notify(self.tracker)], resources=self.resources, slots=slots,
                    provenance=self.facts, interrupt=self.interrupt,
                )  # fmt: skip

    def _drain(self) -> bool:
        """Wait for the tracking store, and say so if that takes more than a moment."""
        if self.tracker.close(timeout_s=1.0):
            return True
        say(self.console, "writing the last results to the tracking store ...")
        return self.tracker.close()

    @contextmanager
    def _joined(self) -> Iterator[Slots | None]:
        """Join the cluster that the user names; None where Ray is started later, on this machine.

        That cluster may have the GPU that this machine lacks for what trials share.
        """
        if not self.resources.address:
            yield None
            return
        say(self.console, f"joining the Ray cluster {self.resources.address} ...")
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


def say(console: Console, message: str) -> None:
    """Tell the user something, as it stands."""
    console.print(message, markup=False, highlight=False, soft_wrap=True)
