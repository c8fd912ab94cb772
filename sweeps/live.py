"""The live view: a panel that redraws itself on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeps.board import Board, title
from sweeps.events import TrialEvent
from sweeps.trials import Trial

_LINE_EVERY_S = 5.0
_MOST_RUNNING = 8


class View(Protocol):
    """Shows a board; an observer of the run."""

    def started(self, trial: Trial) -> None:
        """A trial has a worker."""

    def reported(self, trial: Trial, report: Mapping[str, Any]) -> None:
        """A trial said how far it is."""

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        """A trial finished, failed or lost its worker."""

    def tick(self) -> None:
        """Time goes by."""

    def say(self, message: str) -> None:
        """Tell the user something besides."""


class _Observing:
    """Passes on to the board."""

    def __init__(self, board: Board, console: Console) -> None:
        self.board = board
        self.console = console

    def started(self, trial: Trial) -> None:
        self.board.started(trial)

    def reported(self, trial: Trial, report: Mapping[str, Any]) -> None:
        self.board.reported(trial, report)

    def ended(self, trial: Trial, event: TrialEvent) -> None:
        self.board.ended(trial, event)
        if event.kind == "failed":
            self.say(f"failed: {title(trial)}: {event.error}")

    def tick(self) -> None:
        return

    def say(self, message: str) -> None:
        self.console.print(message, markup=False, highlight=False, soft_wrap=True)


class PlainView(_Observing):
    """Writes a line every few seconds, without control codes."""

    def __init__(self, board: Board, console: Console) -> None:
        super().__init__(board, console)
        self._next = 0.0
        self._said = (-1, 0, 0)

    def tick(self) -> None:
        """Write a line if it is time and something has changed."""
        if time.monotonic() < self._next:
            return
        counts = (self.board.done, len(self.board.running), self.board.lost)
        if counts != self._said:
            line, latest = self.board.line(), self.board.latest
            self.say(f"{line} | {latest}" if latest else line)
            self._said = counts
        self._next = time.monotonic() + _LINE_EVERY_S


class LiveView(_Observing):
    """Redraws a panel."""

    def __rich__(self) -> RenderableType:
        """Draw the board; called by rich from its own thread."""
        board = self.board
        bar = ProgressBar(total=max(board.total, 1), completed=board.done, width=40)
        grid = Table.grid(padding=(0, 1))
        for trial, since, report in list(board.running.values())[:_MOST_RUNNING]:
            grid.add_row(Text(title(trial)), *_progress(report, time.monotonic() - since))
        latest = Text(f"latest: {board.latest}", style="dim") if board.latest else Text("")
        return Group(bar, Text(board.line()), grid, latest)


def _progress(report: Mapping[str, Any], seconds: float) -> list[RenderableType]:
    step, num_steps = report.get("step", 0), report.get("num_steps", 0)
    if not num_steps:
        return [Text("starting" if seconds < 1 else f"{seconds:.0f} s", style="dim")]
    bar = ProgressBar(total=num_steps, completed=step, width=20)
    loss = report.get("loss")
    text = f"step {step}/{num_steps}" + ("" if loss is None else f", loss {loss:.3f}")
    return [bar, Text(text)]


@contextmanager
def view_of(board: Board, console: Console) -> Iterator[View]:
    """Show a board for as long as the block lasts."""
    if not console.is_terminal:
        view = PlainView(board, console)
        yield view
        view.say(board.line())
        return
    live_view = LiveView(board, console)
    with Live(live_view, console=console, refresh_per_second=4, redirect_stdout=False):
        yield live_view


@contextmanager
def preparing(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Show how the preparation of models and data comes along: what, how much, of how much.

    What is told of 0 is a remark.
    """
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
        console=console, redirect_stdout=False, redirect_stderr=False,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if not total:
                bars.console.print(what, markup=False, highlight=False, soft_wrap=True)
                return
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


class _Lines:
    """A line for each stage and each tenth of it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: set[tuple[str, int]] = set()

    def __call__(self, what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if (what, tenth) not in self._said:
            self._said.add((what, tenth))
            line = f"{what}: {10 * tenth}%" if total else what
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
