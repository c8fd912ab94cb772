"""What `unremember search` does; imported by it alone, since it takes its time."""

import os
import shlex
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from analysis.connect import shown
from sweeps.cluster import Resources
from sweeps.command import this_command
from sweeps.connect import settle, tracking_uri
from sweeps.engine import Run, Science, real_science, say
from sweeps.errors import InterruptedRunError
from sweeps.interrupt import Interrupt
from sweeps.journal import Journal, journal_path
from sweeps.provenance import provenance
from sweeps.searching.board import SearchBoard
from sweeps.searching.judging import CandidateWork
from sweeps.searching.known import Known
from sweeps.searching.lease import Lease
from sweeps.searching.spec import Search
from sweeps.searching.storage import storage_url
from sweeps.searching.study import open_study
from sweeps.searching.warm import warm_starts
from sweeps.standing import read_record
from sweeps.tracking import Tracker
from trainables.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a search stands after a run.

    Attributes:
        board: its candidates.
        tracked: whether everything is in the tracking store.
    """

    board: SearchBoard
    tracked: bool


def search_and_show(
    search: Search,
    results: Path,
    uri: str | None,
    storage: str | None,
    resources: Resources,
    *,
    science: Callable[[], Science] = real_science,
) -> int:
    """Run what is left of a search, then say what it found and where.

    Returns:
        The exit code: 1 if not one candidate came to its end.

    Raises:
        UserError: something is wrong with what was asked for, before anything runs.
        InterruptedRunError: a signal asked to stop; the same command goes on.
    """
    console = Console(stderr=True)
    where, studies = tracking_uri(results, uri), storage_url(results, storage)
    try:
        outcome = run_search(search, results, where, studies, console, resources, science=science)
    except InterruptedRunError as interrupted:
        say(
            console,
            f"interrupted ({interrupted}): what is finished is kept; go on to the number asked for "
            f"with: {this_command()}",
        )
        raise
    finally:
        settle(where)
    _show(search, outcome, results, where, studies, console)
    return 0 if outcome.board.num_complete else 1


def run_search(
    search: Search,
    results: Path,
    uri: str,
    storage: str,
    console: Console,
    resources: Resources,
    *,
    science: Callable[[], Science] = real_science,
) -> Outcome:
    """Run what is left of a search.

    Args:
        search: what to look for.
        results: the folder of journal and logs.
        uri: of the tracking store.
        storage: of the study.
        console: where the run is shown.
        resources: what trials run on.
        science: what a trial is; called only if there is one to run.

    Raises:
        UserError: something is wrong with what was asked for, before anything runs.
        InterruptedRunError: a signal asked to stop; the same command goes on.
    """
    from trainables.fingerprints import fingerprints

    def warn(message: str) -> None:
        say(console, f"warning: {message}")

    def stop(reason: str) -> None:
        warn(reason)
        os.kill(os.getpid(), signal.SIGTERM)

    resources.check()
    with Interrupt() as interrupt, Journal(results) as journal, Lease(results, warn, stop) as lease:
        record = read_record(results)
        if search.name in record.sweeps:
            raise UserError(
                f"{search.source}: {search.name!r} is a sweep in {results}: give the search "
                "another name, or name another folder with --results."
            )
        study = open_study(search, storage, warm_starts(search, record), lease.take)
        tracker = Tracker(results, uri, warn)
        tracker.finished([])  # what is wrong with the store is told now
        board = SearchBoard(search.objectives, search.num_candidates)
        known = Known(search.name, search.seeds, results, uri)
        work = CandidateWork(
            search, study, known, fingerprints, board, may_grow=bool(resources.address)
        )
        facts = provenance()
        say(console, _summary(search, board))
        journal.append(work.event(facts))
        work.find_trial()
        run = Run(journal, tracker, console, resources, facts, interrupt)
        tracked = run.run(work, board, science, lambda: journal.append(work.event(facts)))
    return Outcome(board=board, tracked=tracked)


def _summary(search: Search, board: SearchBoard) -> str:
    num_left = max(0, board.total - board.done)
    text = (
        f"{board.total} candidates, each on {len(search.seeds)} seeds: {board.done} done, "
        f"{num_left} to go"
    )
    if len(search.objectives) > 1:
        text += "; with several objectives nothing is pruned"
    return text


def _show(
    search: Search, outcome: Outcome, results: Path, where: str, studies: str, console: Console
) -> None:
    board = outcome.board
    lines = [
        f"{search.name}: {board.counts}; best: {board.best}",
        f"results: {results}   journal: {journal_path(results)}",
        f"browse:  mlflow ui --backend-store-uri {shlex.quote(shown(where))}",
        f"         optuna-dashboard {shlex.quote(shown(studies))}",
        f"front:   unremember front {search.name}",
    ]
    if not outcome.tracked:
        lines.append("not everything is in the tracking store: `unremember sync` writes the rest")
    if board.failed:
        lines.append(f"{board.failed} trials failed: unremember failures")
    for line in lines:
        say(console, line)
