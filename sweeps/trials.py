"""The trials of one or more sweeps, each named once by its key."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sweeps.spec import Sweep
from trainables.config import TrialConfig, trial_key
from trainables.errors import UserError

Fingerprints = Callable[[TrialConfig], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial to run or to look up.

    Attributes:
        key: its name.
        config: what it is.
        sweeps: the sweeps that name it.
    """

    key: str
    config: TrialConfig
    sweeps: tuple[str, ...]


def keyed(sweeps: Sequence[Sweep], fingerprints: Fingerprints) -> list[Trial]:
    """List the trials of sweeps in their order; one that several sweeps name stands once.

    Args:
        sweeps: what to run.
        fingerprints: tells what the weights and the data of a trial are.

    Raises:
        UserError: two sweeps have one name, or a trial cannot be made.
    """
    counts = Counter(sweep.name for sweep in sweeps)
    for sweep in sweeps:
        if counts[sweep.name] > 1:
            sources = " and ".join(s.source for s in sweeps if s.name == sweep.name)
            raise UserError(f"{sources} are both named {sweep.name!r}: rename one of them.")
    trials: dict[str, Trial] = {}
    for sweep in sweeps:
        for config in sweep.trials():
            key = trial_key(config, fingerprints(config))
            known = trials.setdefault(key, Trial(key, config, ()))
            if sweep.name not in known.sweeps:
                trials[key] = replace(known, sweeps=(*known.sweeps, sweep.name))
    return list(trials.values())


def trial_keys(trials: Sequence[Trial], sweep: str) -> tuple[str, ...]:
    """List the keys of the trials that a sweep names."""
    return tuple(trial.key for trial in trials if sweep in trial.sweeps)


class Lenient:
    """Fingerprints for planning: files that are not there yet stand for themselves by name.

    Attributes:
        missing: what is not there, one sentence each.
    """

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self.missing: dict[str, None] = {}

    def __call__(self, config: TrialConfig) -> dict[str, str]:
        """Fingerprint a trial, or stand in for what cannot be."""
        try:
            return self._fingerprints(config)
        except UserError as error:
            self.missing[str(error)] = None
            fields = config.model_dump_json().encode()
            return {"unknown": hashlib.sha256(fields).hexdigest()}
