"""One driver at a time for a search, also where several results folders share its study."""

import dataclasses
import math
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Self

import optuna

from analysis.connect import shown
from sweeps.searching.driver import Driver, read_driver, write_driver
from trainables.errors import UserError
from trainables.store.locks import acquire, release

_RENEW_S = 20.0
"""Several times before a driver is taken for gone: a database may be away for a moment."""
_LEAVE_S = 5.0
"""How long the end of a run waits for a database that is away."""


class Lease:
    """Says in the study who drives the search, from `take` until the block ends."""

    def __init__(
        self, results: Path, warn: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> None:
        """Get ready.

        Args:
            results: the folder of this driver.
            warn: told, on another thread, once whenever the database stays away.
            on_lost: told, on another thread, why this driver is to stop.
        """
        path = results.absolute() / f"search-{uuid.uuid4().hex}"
        now = time.time()
        self._own = Driver(socket.gethostname(), os.getpid(), str(path), now, now)
        self._lock = acquire(path)
        self._warn = warn
        self._on_lost = on_lost
        self._is_over = threading.Event()
        self._is_away = False
        self._thread: threading.Thread | None = None

    def take(self, study: optuna.Study) -> None:
        """Be the driver of a search; of two that take it in the same moment, one is told to stop.

        Raises:
            UserError: another driver runs the search.
        """
        driver = read_driver(study)
        if driver is not None and (seconds := driver.seconds_left()) > 0:
            advice = "wait for its end or stop it, then give this command again"
            if seconds < math.inf:
                advice += f"; if it is gone already, that works in {math.ceil(seconds)} s"
            raise UserError(
                f"the search {study.study_name!r} is being run by another driver ({driver}): "
                f"{advice}."
            )
        write_driver(study, self._own)
        self._thread = threading.Thread(target=self._keep, args=(study,), name="lease", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)
        release(self._lock)

    def _keep(self, study: optuna.Study) -> None:
        """Give signs of life, then leave; optuna has a session for each thread."""
        while not self._is_over.wait(_RENEW_S):
            self._try(lambda: self._renew(study))
        self._try(lambda: self._leave(study))

    def _renew(self, study: optuna.Study) -> None:
        driver = read_driver(study)
        if driver is not None and driver.lock != self._own.lock:
            self._is_over.set()
            self._on_lost(f"the search has another driver now ({driver}): this one stops.")
        else:
            write_driver(study, dataclasses.replace(self._own, seen=time.time()))

    def _leave(self, study: optuna.Study) -> None:
        driver = read_driver(study)
        if driver is not None and driver.lock == self._own.lock:
            write_driver(study, None)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
            self._is_away = False
        except Exception as error:  # whatever the driver of a database raises
            if not self._is_away:
                reason = shown(str(error.__cause__ or error)).strip().partition("\n")[0]
                self._warn(f"the database of studies does not answer: {reason}")
            self._is_away = True
