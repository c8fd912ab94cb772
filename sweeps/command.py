"""What the commands do that run or write; imported by them alone, since it takes its time."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from sweeps.cluster import Resources
from sweeps.connect import settle, tracking_uri
from sweeps.engine import Science, real_science, say
from sweeps.errors import InterruptedRunError
from sweeps.journal import Journal, journal_path
from sweeps.session import Outcome, run_sweeps
from sweeps.spec import Sweep, sweep_from
from sweeps.standing import read_record
from sweeps.tracking import Tracker
from trainables.errors import UserError


def run_and_show(
    sweeps: Sequence[Sweep],
    results: Path,
    uri: str | None,
    resources: Resources,
    *,
    retry: bool = False,
    science: Callable[[], Science] = real_science,
) -> int:
    """Run sweeps, then show their tables and where things are.

    Returns:
        The exit code: 1 if a trial failed, now or before.
    """
    console = Console(stderr=True)
    where = tracking_uri(results, uri)
    try:
        outcome = run_sweeps(
            sweeps, results, where, console, resources=resources, retry=retry, science=science
        )
    except InterruptedRunError as interrupted:
        finished = len(read_record(results).keys("finished"))
        say(
            console,
            f"interrupted ({interrupted}): what is finished is kept ({finished} trials in "
            f"{results}); go on with: {this_command()}",
        )
        raise
    finally:
        settle(where)
    for sweep in sweeps:
        _show_table(sweep, results, where, console)
    _show_places(outcome, results, where, console)
    return 1 if outcome.failed or outcome.plan.failed else 0


def failed_sweeps(results: Path) -> list[Sweep]:
    """Give the sweeps of a journal that have failed trials, as they were last run.

    Raises:
        UserError: no trial has failed.
    """
    record = read_record(results)
    failed = record.keys("failed") | record.keys("retried")
    found = [
        sweep_from(event.sweep, f"the journal's {name}")
        for name, event in record.sweeps.items()
        if failed & set(event.trial_keys)
    ]
    if not found and failed:
        raise UserError(
            f"all trials that failed in {results} are those of searches, which have counted them: "
            "name a sweep to run again."
        )
    if not found:
        raise UserError(f"no trial has failed in {results}: there is nothing to run again.")
    return found


def sync_store(results: Path, uri: str | None) -> bool:
    """Write what the tracking store lacks; tell whether that worked.

    Raises:
        UserError: another run is writing to the folder.
    """
    console = Console(stderr=True)
    where = tracking_uri(results, uri)
    with Journal(results):
        tracker = Tracker(results, where, lambda text: say(console, f"warning: {text}"))
        complete = tracker.sync()
        settle(where)
    return complete


def _show_table(sweep: Sweep, results: Path, where: str, console: Console) -> None:
    from sweeps.tables import sweep_text

    try:
        sys.stdout.write(sweep_text(sweep, results, where))
    except UserError as error:
        say(console, f"no table of {sweep.name}: {error}")


def _show_places(outcome: Outcome, results: Path, where: str, console: Console) -> None:
    from analysis.connect import shown

    lines = [
        f"results: {results}   journal: {journal_path(results)}",
        f"browse:  mlflow ui --backend-store-uri {shlex.quote(shown(where))}",
        *(f"table:   unremember table {sweep.name} --format tex" for sweep in outcome.plan.sweeps),
    ]
    if not outcome.tracked:
        lines.append("not everything is in the tracking store: `unremember sync` writes the rest")
    if outcome.failed:
        lines.append(f"{outcome.failed} trials failed: unremember failures")
    for line in lines:
        say(console, line)


def this_command() -> str:
    """Give the command as the shell had it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
