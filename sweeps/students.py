"""Defended encoders on disk: one file of tensors for each trial whose students are to stay.

A sweep says `keep: none`, `best` or `all`; of a trial that several sweeps name, the one that keeps
most decides. `best` keeps, of all trials of the same model, data, encoder and number of names
(`group_of`), the first by `rank`: the lowest IDIA TPR, then the highest zero-shot top-1. Whoever is
beaten is deleted, unless it was kept because all were.

An encoder that was not kept is not lost: trials are deterministic, and `unremember export` trains
it again.
"""

import dataclasses
import math
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from sweeps.checks import Keep, check_keep
from sweeps.events import TrialEvent
from sweeps.journal import read_events
from sweeps.spec import Sweep
from sweeps.standing import read_record
from sweeps.trials import Trial
from trainables.config import TrialConfig

_ORDER = get_args(Keep)
_FOLDER, _SUFFIX, _UNFINISHED = "students", ".safetensors", ".unfinished"


class StudentLostWarning(UserWarning):
    """A defended encoder could not be kept."""


def student_path(results: Path, trial_key: str) -> Path:
    """Give the place of a trial's defended encoders."""
    return results / _FOLDER / f"{trial_key}{_SUFFIX}"


def read_student(results: Path, trial_key: str) -> dict[str, NDArray[Any]] | None:
    """Read the defended encoders of a trial; None where they were not kept, or are damaged."""
    try:
        with safe_open(student_path(results, trial_key), framework="np") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None


def rank(metrics: Mapping[str, float], trial_key: str) -> tuple[float, float, str]:
    """Say which of two trials is better: the lesser. The key decides where all else is equal."""
    tpr, top1 = metrics.get("idia_tpr", math.nan), metrics.get("zeroshot_top1", math.nan)
    return _or_inf(tpr), _or_inf(-top1), trial_key


def group_of(config: TrialConfig) -> tuple[Any, ...]:
    """Say among which trials the best is chosen."""
    return (
        config.model, config.pretrained, config.data, config.world_seed, config.encoder,
        config.num_names,
    )  # fmt: skip


def _or_inf(number: float) -> float:
    return math.inf if math.isnan(number) else number


def with_keep(sweeps: Sequence[Sweep], keep: str | None) -> list[Sweep]:
    """Change what sweeps keep, as `--keep` asks; None leaves it as their specs have it.

    Raises:
        UserError: there is no such thing to keep.
    """
    if keep is None:
        return list(sweeps)
    checked = check_keep(keep, "--keep")
    return [dataclasses.replace(sweep, keep=checked) for sweep in sweeps]


@dataclass(frozen=True)
class _Kept:
    rank: tuple[float, float, str]
    asked: Keep

    @property
    def key(self) -> str:
        return self.rank[2]


class Students:
    """The driver's side of keeping: takes students out of outcomes and writes them.

    Args:
        trials: that will run.
        results: the folder of the journal, which says what each sweep keeps.

    Attributes:
        wanted: keys of the trials that are to offer their students.
    """

    def __init__(self, trials: Sequence[Trial], results: Path) -> None:
        self._results = results
        self._asked = _asked(trials, results)
        self.wanted = frozenset(self._asked)
        self._best: dict[tuple[Any, ...], _Kept] = {}
        self._beaten: list[str] = []
        if self.wanted:
            self._find_kept()

    def keep(self, trial: Trial, outcome: dict[str, Any]) -> None:
        """Take the students out of a finished trial's outcome; write them if they are to stay.

        Called before the trial is journaled as finished, so that who is finished has its students.
        """
        offered, lost = outcome.pop("students", None), outcome.pop("students_lost", "")
        asked = self._asked.get(trial.key)
        if asked is None:
            return
        group = group_of(trial.config)
        mine, best = _Kept(rank(outcome["metrics"], trial.key), asked), self._best.get(group)
        is_best = best is None or mine.rank < best.rank
        if asked == "best" and not is_best:
            # Nothing is there, unless a driver was killed before it could journal the trial.
            self._beaten.append(trial.key)
            return
        reason = lost or _write(student_path(self._results, trial.key), offered, asked)
        if reason:
            warnings.warn(
                f"the defended encoder of trial {trial.key} was not kept ({reason}): "
                f"`unremember export {trial.key}` trains it again.",
                StudentLostWarning,
                stacklevel=2,
            )
            return
        if is_best:
            self._crown(group, mine)

    def settle(self) -> None:
        """Delete who is beaten; called once who beat it is journaled."""
        while self._beaten:
            # What cannot be deleted now is deleted when the next run starts.
            with suppress(OSError):
                student_path(self._results, self._beaten.pop()).unlink(missing_ok=True)

    def _crown(self, group: tuple[Any, ...], mine: _Kept) -> None:
        before = self._best.get(group)
        self._best[group] = mine
        if before is not None and before.asked == "best" and before.key != mine.key:
            self._beaten.append(before.key)

    def _find_kept(self) -> None:
        """Learn what earlier runs kept, and finish what a killed one left half done."""
        folder = self._results / _FOLDER
        for path in folder.glob(f"*{_UNFINISHED}"):
            path.unlink(missing_ok=True)
        there = {path.stem: path for path in folder.glob(f"*{_SUFFIX}")}
        if not there:
            return
        for event in _finished(self._results):
            asked = _asked_when_kept(there[event.trial_key]) if event.trial_key in there else None
            if asked is None:
                continue
            group, mine = group_of(event.trial), _Kept(rank(event.metrics, event.trial_key), asked)
            best = self._best.get(group)
            if best is None or mine.rank < best.rank:
                self._crown(group, mine)
            elif asked == "best" and mine.key != best.key:
                self._beaten.append(mine.key)
        self.settle()


def _asked(trials: Sequence[Trial], results: Path) -> dict[str, Keep]:
    """Say what each trial is to keep, where that is anything."""
    sweeps = read_record(results).sweeps
    asked = {
        name: check_keep(event.sweep.get("keep", ""), f"the journal's {name}")
        for name, event in sweeps.items()
    }
    most = {
        trial.key: max((asked.get(name, "none") for name in trial.sweeps), key=_ORDER.index)
        for trial in trials
    }
    return {key: keep for key, keep in most.items() if keep != "none"}


def _finished(results: Path) -> Iterator[TrialEvent]:
    for event in read_events(results):
        if isinstance(event, TrialEvent) and event.kind == "finished":
            yield event


def _asked_when_kept(path: Path) -> Keep | None:
    """Say why a file is there; None if it is damaged."""
    try:
        with safe_open(path, framework="np") as file:
            return "best" if (file.metadata() or {}).get("keep") == "best" else "all"
    except (OSError, SafetensorError):
        return None


def _write(path: Path, offered: Any, asked: Keep) -> str:
    """Write students in the store of Ray to a file; give the reason why that did not work."""
    import ray

    try:
        # Mapped, not copied: the file is written from the memory that the trial wrote to.
        arrays: dict[str, NDArray[np.generic]] = ray.get(offered)
        with _written(path) as temporary:
            save_file(arrays, temporary, metadata={"keep": asked})
    except OSError as error:
        return error.strerror or str(error)
    except (SafetensorError, ray.exceptions.RayError) as error:
        return str(error).partition("\n")[0].removeprefix("Error while serializing: ")
    return ""


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """Give a temporary file that takes its final name when it is whole and on the disk."""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=_UNFINISHED)
    temporary = Path(name)
    try:
        yield temporary
        os.fsync(handle)
        temporary.replace(path)
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)
