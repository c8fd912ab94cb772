"""How a run ends early, and other news that is no bug."""

import signal

from trainables.errors import UserError


class InterruptedRunError(BaseException):
    """The user or the system asked the run to stop; no part of the program takes it for an error.

    Attributes:
        signum: the signal that asked.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


class LockedError(UserError):
    """Another process writes to the results folder."""


class TornLineWarning(UserWarning):
    """The journal ended in half a line."""
