"""How trials ended that a search does not need to run again: by the journal, else by the store."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analysis.store import CURVE_PREFIX, TRIAL_KEY_TAG
from sweeps.connect import open_store
from sweeps.events import TrialEvent
from sweeps.journal import read_events

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Ended:
    """How a trial ended.

    Attributes:
        kind: as in the journal.
        metrics: of a finished trial.
        error: why it failed.
    """

    kind: Literal["finished", "failed", "pruned"]
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


def ended_of(event: TrialEvent) -> Ended | None:
    """Say how a trial ended; None where it is to run again."""
    if event.kind == "lost" or event.kind == "retried":
        return None
    return Ended(event.kind, event.metrics, event.error)


class Known:
    """What is known of trials by their keys; trials that end are added.

    A trial that another search stopped is as good as unknown.
    """

    def __init__(self, search: str, seeds: Collection[int], results: Path, uri: str) -> None:
        """Read the journal.

        Args:
            search: name of the search.
            seeds: on which it judges.
            results: the folder of the journal.
            uri: of the tracking store, which may know of trials that ran elsewhere.

        Raises:
            UserError: the journal is damaged.
        """
        self._ended: dict[str, Ended | None] = {}
        self._store = _Store(uri, results)
        for event in read_events(results):
            if isinstance(event, TrialEvent) and event.config["seed"] in seeds:
                is_strange = event.kind == "pruned" and search not in event.sweeps
                self._ended[event.trial_key] = None if is_strange else ended_of(event)

    def add(self, key: str, ended: Ended) -> None:
        """Remember how a trial ended."""
        self._ended[key] = ended

    def find(self, key: str) -> Ended | None:
        """Say how a trial ended; None if it has not, as far as is known."""
        ended = self._ended.get(key)
        if ended is None and (metrics := self._store.find(key)):
            ended = self._ended[key] = Ended("finished", metrics)
        return ended


class _Store:
    """Finished trials of the tracking store; when it is down, it knows of none."""

    def __init__(self, uri: str, results: Path) -> None:
        self._uri = uri
        self._results = results
        self._opened: tuple[MlflowClient, str] | None = None
        self._is_down = False

    def find(self, key: str) -> dict[str, float] | None:
        from mlflow.exceptions import MlflowException

        if self._is_down:
            return None
        try:
            self._opened = self._opened or open_store(self._uri, self._results)
            client, experiment_id = self._opened
            where = f"tags.`{TRIAL_KEY_TAG}` = '{key}' and attributes.status = 'FINISHED'"
            runs = client.search_runs([experiment_id], where, max_results=1)
        except (MlflowException, OSError):
            self._is_down = True  # The tracker, which asks before, has said so.
            return None
        if not runs:
            return None
        metrics: dict[str, float] = runs[0].data.metrics
        return {name: v for name, v in metrics.items() if not name.startswith(CURVE_PREFIX)}
