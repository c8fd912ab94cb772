"""Who drives a search, as its study keeps it, and whether that driver is still there."""

import dataclasses
import math
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import optuna

from trainables.store.locks import SUFFIX, release, try_to_acquire

DRIVER_ATTR = "driver"
"""The attribute of a study that says who drives its search; null when nobody does."""

_EXPIRES_S = 90.0
"""After this time without a sign of life a driver on another machine is taken for gone."""


@dataclasses.dataclass(frozen=True)
class Driver:
    """A driver as the study keeps it.

    Attributes:
        host: its machine.
        pid: its process.
        lock: a path that it alone has locked on its machine; free as soon as it is gone.
        since: when it began, in seconds since 1970.
        seen: when it last gave a sign of life, likewise.
    """

    host: str
    pid: int
    lock: str
    since: float
    seen: float

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC)
        return f"process {self.pid} on {self.host}, since {since:%Y-%m-%d %H:%M} UTC"

    def seconds_left(self) -> float:
        """Say how long it counts as alive: infinity where that is sure, at most 0 if it is gone."""
        # The clock need not be the driver's. One that loses its search to a clock that is ahead
        # is told so when it gives its next sign of life.
        by_age = self.seen + _EXPIRES_S - time.time()
        path = Path(self.lock)
        # In another container of the same name, or after a restart, the lock may not be there.
        if self.host != socket.gethostname() or not path.with_suffix(SUFFIX).exists():
            return by_age
        try:
            lock = try_to_acquire(path)
        except OSError:
            return by_age
        if lock is None:
            return math.inf
        release(lock)
        return 0.0


def read_driver(study: optuna.Study) -> Driver | None:
    """Say who drives a search; None if nobody does."""
    kept = study.user_attrs.get(DRIVER_ATTR)
    return Driver(**kept) if kept else None


def write_driver(study: optuna.Study, driver: Driver | None) -> None:
    """Let a study say who drives its search."""
    study.set_user_attr(DRIVER_ATTR, dataclasses.asdict(driver) if driver else None)
