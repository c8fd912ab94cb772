"""The errors that a user can cause, told apart from bugs by their class."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Wrong input: its message is one sentence naming the thing, where it stands and what is right.

    The command line prints the message without a traceback and exits with code 2.
    """


class TrialFailedError(RuntimeError):
    """A trial that ran as asked and came to nothing, such as a loss that diverged."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Say the nearest of `choices`, or list them all: the end of a sentence about a wrong word."""
    known = sorted(choices)
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}."
