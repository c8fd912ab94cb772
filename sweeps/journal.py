"""The append-only record of what happened: the truth on disk, from which all else is made again."""

import os
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from sweeps.errors import LockedError, TornLineWarning
from sweeps.events import SweepEvent, TrialEvent, decode, encode
from trainables.errors import UserError

FILE = "journal.jsonl"
LOCK = "journal.lock"


@dataclass(frozen=True)
class Line:
    """An event and where it stands: `end` is the offset of the byte after its line."""

    event: TrialEvent | SweepEvent
    end: int


def journal_path(results: Path) -> Path:
    """Give the journal's place in a results folder."""
    return results / FILE


def read_events(results: Path) -> Iterator[TrialEvent | SweepEvent]:
    """Read the journal of a results folder, oldest first; there may be none yet.

    Raises:
        UserError: a line other than the last is damaged, or the file cannot be read.
    """
    for line in read_lines(journal_path(results)):
        yield line.event


def read_lines(path: Path, start: int = 0) -> Iterator[Line]:
    """Read events from an offset on; stops before a last line that is not whole.

    Raises:
        UserError: another line is damaged, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            content = file.read()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}.") from error
    end = 0
    while end < len(content):
        newline = content.find(b"\n", end)
        first, end = end, newline + 1 if newline >= 0 else len(content)
        try:
            event = decode(content[first:end])
        except ValueError as error:
            if end == len(content):
                return
            number = 1 + _count_lines(path, start + first)
            raise UserError(_damaged(path, number, str(error))) from error
        yield Line(event, start + end)


def _count_lines(path: Path, size: int) -> int:
    with path.open("rb") as file:
        return file.read(size).count(b"\n")


def _damaged(path: Path, number: int, why: str) -> str:
    command = f"sed -i.damaged {number}d {shlex.quote(str(path))}"
    return (
        f"{path}, line {number} is damaged ({why}): take it out with `{command}`, which keeps a "
        "copy; the trial that it recorded will run again."
    )


class Journal:
    """The one writer of a results folder; a context manager that holds the folder's lock."""

    def __init__(self, results: Path) -> None:
        """Open the journal of a results folder, which is made if there is none.

        Args:
            results: the folder.

        Raises:
            UserError: the folder cannot be written, another process writes to it, or a line of
                the journal is damaged.
        """
        self.results = results
        self.path = journal_path(results)
        try:
            results.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(results / LOCK)
            self._lock.acquire(blocking=False)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except Timeout as error:
            raise LockedError(
                f"another run is writing to {results}: wait for it, or name another folder "
                "with --results."
            ) from error
        except OSError as error:
            raise UserError(f"cannot write to {results}: {error.strerror}.") from error
        try:
            _set_torn_line_aside(self.path, self._file)
        except BaseException:
            self.close()
            raise

    def append(self, event: TrialEvent | SweepEvent) -> None:
        """Record an event; when this returns, it is on the disk.

        Raises:
            UserError: the disk is full or gone; the journal is as it was before.
        """
        size = os.fstat(self._file).st_size
        line = encode(event)
        try:
            written = os.write(self._file, line)
            if written != len(line):
                raise OSError(0, "the disk is full")
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            raise UserError(f"cannot write to {self.path}: {error.strerror}.") from error

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._file)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _set_torn_line_aside(path: Path, file: int) -> None:
    """Make the journal end with a whole line: a driver killed in mid-write leaves half a one."""
    end = 0
    for line in read_lines(path):
        end = line.end
    size = os.fstat(file).st_size
    if end < size:
        with path.open("rb") as whole:
            whole.seek(end)
            rest = whole.read()
        aside = path.with_name(path.name + ".torn")
        with aside.open("ab") as torn:
            torn.write(rest.rstrip(b"\n") + b"\n")
            torn.flush()
            os.fsync(torn.fileno())
        os.ftruncate(file, end)
        warnings.warn(
            f"the last line of {path} was torn when its writer was killed; it is now in {aside} "
            "and its trial will run again.",
            TornLineWarning,
            stacklevel=3,
        )
    elif size and os.pread(file, 1, size - 1) != b"\n":
        os.write(file, b"\n")
