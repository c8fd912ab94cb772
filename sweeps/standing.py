"""Where every trial, sweep and search stands, by the journal: the latest event of each wins."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeps.events import Status, SweepEvent, TrialEvent
from sweeps.journal import read_events


@dataclass(frozen=True, slots=True)
class Standing:
    """A trial's latest event, without its numbers."""

    kind: Status
    trial_key: str
    sweeps: tuple[str, ...]
    config: dict[str, Any]
    ended_at: float
    duration_s: float
    error: str


@dataclass(frozen=True)
class Record:
    """All that a journal says about trials, sweeps and searches, by key and by name."""

    trials: dict[str, Standing] = field(default_factory=dict)
    sweeps: dict[str, SweepEvent] = field(default_factory=dict)
    searches: dict[str, SweepEvent] = field(default_factory=dict)

    def keys(self, kind: Status) -> set[str]:
        """List the trials that stand at `kind`."""
        return {key for key, standing in self.trials.items() if standing.kind == kind}

    def add(self, event: TrialEvent | SweepEvent) -> None:
        """Take in the next event."""
        if isinstance(event, SweepEvent):
            (self.searches if event.is_search else self.sweeps)[event.name] = event
            return
        self.trials[event.trial_key] = Standing(
            kind=event.kind,
            trial_key=event.trial_key,
            sweeps=event.sweeps,
            config=event.config,
            ended_at=event.ended_at,
            duration_s=event.duration_s,
            error=event.error,
        )


def record_of(events: Iterable[TrialEvent | SweepEvent]) -> Record:
    """Sum events up."""
    record = Record()
    for event in events:
        record.add(event)
    return record


def read_record(results: Path) -> Record:
    """Sum up the journal of a results folder; empty where there is none.

    Raises:
        UserError: the journal is damaged or cannot be read.
    """
    return record_of(read_events(results))
