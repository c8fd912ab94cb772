"""Journal -> MLflow, in the background: a sweep never waits for its tracking server."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from analysis.connect import shown
from sweeps.connect import open_store
from sweeps.events import Status, SweepEvent, TrialEvent
from sweeps.journal import journal_path, read_lines
from sweeps.mirror import Mirror
from trainables.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_log = logging.getLogger(__name__)

_MARK_EVERY_S = 10.0
_RETRY_AFTER_S = 30.0
_IDLE_S = 0.5
_CLOSED = ":closed"


class Warn(Protocol):
    """Tells the user something that does not stop the run."""

    def __call__(self, message: str) -> None:
        """Tell it."""


class Tracker:
    """Follows a journal and writes what it says to MLflow.

    The store itself remembers up to where it has followed, in a tag of the experiment, so that a
    start costs one call and a store that was deleted is filled again. While the server is down the
    user is warned once, and what is missing is written later, by this or another process.
    """

    def __init__(self, results: Path, uri: str, warn: Warn) -> None:
        """Prepare to follow the journal of a results folder.

        Args:
            results: the folder.
            uri: of the store.
            warn: told once when the server is down.
        """
        self._path = journal_path(results)
        self._results = results
        self._uri = uri
        self._warn = warn
        self._warned = False
        self._mirror: Mirror | None = None
        self._marks: _Marks | None = None
        self._marked_at = 0.0
        self._ended: dict[str, tuple[Status, float]] = {}
        self._sweeps: dict[str, SweepEvent] = {}
        self._read = 0
        self._written = 0
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def finished(self, keys: Collection[str]) -> set[str]:
        """Ask the store which trials are finished; none, with a warning, if it is down.

        Raises:
            UserError: there can be no store at this address.
        """
        found: set[str] = set()

        def ask() -> None:
            found.update(self._open()[0].finished(keys))

        self._try(ask)
        return found

    def start(self) -> None:
        """Follow in the background from now on."""
        self._thread = threading.Thread(target=self._follow, name="tracking", daemon=True)
        self._thread.start()

    def notify(self) -> None:
        """Tell that the journal has grown."""
        self._wake.set()

    def close(self, timeout_s: float | None = None) -> bool:
        """Write what is left and stop.

        Args:
            timeout_s: how long to wait; None waits until all is written or the server is down.

        Returns:
            Whether everything in the journal is in the store.
        """
        self._stop.set()
        self._wake.set()
        if self._thread is None:
            return self.sync()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and self.is_complete()

    def sync(self) -> bool:
        """Write all that is missing, now; tell whether that worked."""
        return self._try(self._catch_up) and self._try(self._finish)

    def is_complete(self) -> bool:
        """Tell whether everything in the journal is in the store."""
        size = self._path.stat().st_size if self._path.exists() else 0
        return self._written == size

    def _follow(self) -> None:
        next_try = 0.0
        while not self._stop.is_set():
            self._wake.wait(_IDLE_S)
            self._wake.clear()
            if time.monotonic() >= next_try and not self._try(self._catch_up):
                next_try = time.monotonic() + _RETRY_AFTER_S
        if next_try <= time.monotonic():
            self.sync()

    def _try(self, action: Callable[[], None]) -> bool:
        """Do something with the store; if that fails, warn the first time and tell."""
        try:
            action()
        except UserError as error:
            if threading.current_thread() is not self._thread:
                raise
            self._warn_once(str(error))
            return False
        except Exception as error:
            from mlflow.exceptions import MlflowException

            if not isinstance(error, (MlflowException, OSError)):
                raise
            reason = shown(str(error).strip().partition("\n")[0])[:200]
            self._warn_once(
                f"the tracking store {shown(self._uri)} does not answer ({reason}); nothing is "
                "lost: the journal has every result and `unremember sync` writes them later."
            )
            return False
        return True

    def _warn_once(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(message)

    def _open(self) -> tuple[Mirror, "_Marks"]:
        if self._mirror is None or self._marks is None:
            client, experiment_id = open_store(self._uri, self._results)
            self._marks = _Marks(client, experiment_id, self._path)
            self._mirror = Mirror(client, experiment_id)
        return self._mirror, self._marks

    def _catch_up(self) -> None:
        """Read the journal on and write what the store has not seen."""
        mirror, marks = self._open()
        if self._written == 0:
            self._written = marks.end()
        for line in read_lines(self._path, self._read):
            if line.end > self._written:
                _write(mirror, line.event)
                self._written = line.end
            self._remember(line.event)
            self._read = line.end
            if time.monotonic() - self._marked_at > _MARK_EVERY_S:
                marks.leave(self._written)
                self._marked_at = time.monotonic()

    def _remember(self, event: TrialEvent | SweepEvent) -> None:
        """Keep what the sweeps' own runs will say."""
        if isinstance(event, SweepEvent):
            self._sweeps[event.name] = event
        else:
            self._ended[event.trial_key] = event.kind, event.ended_at

    def _finish(self) -> None:
        """Bring the sweeps' own runs up to date and leave the mark."""
        mirror, marks = self._open()
        if marks.is_closed(self._written):
            return
        for sweep in self._sweeps.values():
            ended = [self._ended[key] for key in sweep.trial_keys if key in self._ended]
            finished = sum(kind == "finished" for kind, _ in ended)
            failed = sum(kind == "failed" for kind, _ in ended)
            mirror.write_counts(sweep, finished, failed, max([sweep.at, *(at for _, at in ended)]))
        marks.leave(self._written, closed=True)


class _Marks:
    """Remembers, in the store itself, up to where it has followed a journal."""

    def __init__(self, client: "MlflowClient", experiment_id: str, path: Path) -> None:
        self._client = client
        self._experiment_id = experiment_id
        self._path = path

    def end(self) -> int:
        """Tell the offset up to where the store has followed; 0 if the journal has changed."""
        end = int(self._read().partition(":")[0] or 0)
        return end if self._read().removesuffix(_CLOSED) == self._stamp(end) else 0

    def is_closed(self, end: int) -> bool:
        """Tell whether all is written, the counts of the sweeps too."""
        return self._read() == self._stamp(end) + _CLOSED

    def leave(self, end: int, *, closed: bool = False) -> None:
        """Remember an offset."""
        stamp = self._stamp(end) + (_CLOSED if closed else "")
        self._client.set_experiment_tag(self._experiment_id, self._tag(), stamp)

    def _read(self) -> str:
        tags = self._client.get_experiment(self._experiment_id).tags
        return str(tags.get(self._tag(), ""))

    def _tag(self) -> str:
        """Name the journal by its first line."""
        if not self._path.exists():
            return "unremember.journal"
        with self._path.open("rb") as file:
            return f"unremember.journal.{hashlib.sha256(file.readline()).hexdigest()[:12]}"

    def _stamp(self, end: int) -> str:
        """Name the journal's content up to an offset."""
        if not self._path.exists() or self._path.stat().st_size < end:
            return ""
        with self._path.open("rb") as file:
            return f"{end}:{hashlib.sha256(file.read(end)).hexdigest()[:16]}"


def _write(mirror: Mirror, event: TrialEvent | SweepEvent) -> None:
    """Write an event, or leave it out if the store will never take it."""
    from mlflow.exceptions import MlflowException

    try:
        mirror.write(event)
    except MlflowException as error:
        if error.error_code != "INVALID_PARAMETER_VALUE":
            raise
        _log.warning("the tracking store refuses %s: %s", event.kind, error)
