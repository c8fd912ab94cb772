"""Ctrl-C and SIGTERM: stop soon, lose nothing."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

from sweeps.errors import InterruptedRunError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Turns signals into `InterruptedRunError`, at a moment when nothing is half done.

    A context manager. Signals raise at once, except while `deferred` is set: then the first only
    counts when `check` is called, and the second raises at once.
    """

    def __init__(self) -> None:
        self.deferred = False
        self._pending: int | None = None
        self._before: dict[int, Any] = {}

    def check(self) -> None:
        """Raise if a signal came while signals were deferred."""
        if self._pending is not None:
            raise InterruptedRunError(self._pending)

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        wait = self.deferred and self._pending is None
        self._pending = signum
        if not wait:
            raise InterruptedRunError(signum)

    def listen(self) -> None:
        """Take the signals over, again if someone else has taken them since."""
        if self._before:
            for number in _SIGNALS:
                signal.signal(number, self._on_signal)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.getsignal(number) for number in _SIGNALS}
            self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
