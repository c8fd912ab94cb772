"""One text file for each trial that failed: what it was, why it failed, and where."""

from datetime import UTC, datetime
from pathlib import Path

from sweeps.events import TrialEvent


def log_path(results: Path, trial_key: str) -> Path:
    """Give the place of a trial's log."""
    return results / "logs" / f"{trial_key}.log"


def write_log(results: Path, event: TrialEvent) -> None:
    """Add what happened to a trial's log."""
    path = log_path(results, event.trial_key)
    path.parent.mkdir(exist_ok=True)
    when = datetime.fromtimestamp(event.ended_at, UTC).isoformat(timespec="seconds")
    at_step = "" if event.step is None else f" at step {event.step}"
    lines = [f"{when} {event.kind}{at_step}: {event.error}"]
    lines += [f"    {name}: {value}" for name, value in event.config.items()]
    lines += [f"    worker {name}: {value}" for name, value in event.worker.items()]
    text = "\n".join([*lines, event.traceback.rstrip(), ""])
    with path.open("a") as file:
        file.write(text + "\n")
