"""Asking MLflow for runs, as many as there are."""

import gc
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from analysis.runs.frame import frame_of, joined
from analysis.store import KIND_SWEEP, KIND_TAG, KIND_TRIAL, SWEEP_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PAGE = 1000
"""Runs a call; a run that is added between two calls comes twice."""
_RUNNING = "RUNNING"


def equals(tag: str, value: str) -> str:
    """Write the condition that a run has a tag."""
    return f"tags.`{tag}` = '{value}'"


class Search:
    """The runs of an experiment.

    Args:
        client: of the store.
        experiment_id: the experiment.
    """

    def __init__(self, client: "MlflowClient", experiment_id: str) -> None:
        self._client = client
        self._experiment_id = experiment_id

    def trials(self, *where: str) -> pl.DataFrame:
        """Read the trials' runs that meet all of some conditions; none reads all."""
        conditions = " and ".join([equals(KIND_TAG, KIND_TRIAL), *where])
        with _no_collection():
            frames = []
            for page in self._pages(conditions):
                frames.append(frame_of(page))
                gc.collect(0)
            return joined(frames)

    def sweeps(self) -> dict[str, str | None]:
        """Digest what the runs of each sweep say; None while one is in progress."""
        said: dict[str, list[str | None]] = {}
        for page in self._pages(equals(KIND_TAG, KIND_SWEEP)):
            for run in page:
                if SWEEP_TAG in run.data.tags:
                    said.setdefault(run.data.tags[SWEEP_TAG], []).append(_digest(run))
        return {
            name: None if None in digests else " ".join(sorted(filter(None, digests)))
            for name, digests in sorted(said.items())
        }

    def deleted(self) -> frozenset[str]:
        """List the trials' runs that were deleted and can be restored."""
        from mlflow.entities import ViewType

        pages = self._pages(equals(KIND_TAG, KIND_TRIAL), ViewType.DELETED_ONLY)
        return frozenset(run.info.run_id for page in pages for run in page)

    def _pages(self, where: str, view: int | None = None) -> Iterator[list["Run"]]:
        from mlflow.entities import ViewType

        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id], where, view or ViewType.ACTIVE_ONLY, PAGE, page_token=token
            )
            yield page
            token = page.token
            if not token:
                return


def _digest(run: "Run") -> str | None:
    if run.info.status == _RUNNING:
        return None
    said = [run.info.run_id, run.info.status, run.info.end_time, sorted(run.data.tags.items())]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let the collector rest: it would go through a million new objects again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
