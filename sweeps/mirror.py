"""How an event of the journal becomes a run in MLflow; writing it again changes nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from analysis.store import (
    COMMIT_TAG,
    ERROR_TAG,
    KIND_SWEEP,
    KIND_TAG,
    KIND_TRIAL,
    MEMBER,
    SWEEP_TAG,
    TRIAL_KEY_TAG,
    curve_key,
    membership_tag,
    params_of,
    people_tags,
)
from sweeps.events import SweepEvent, TrialEvent

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

PARENT_TAG = "mlflow.parentRunId"
SPEC_TAG = "unremember.spec"
NOTE_TAG = "mlflow.note.content"

_MAX_TAG = 5000
_MAX_METRICS = 1000
_FEW = 20
_PAGE = 1000


@dataclass
class _Known:
    """A run that is in the store."""

    run_id: str
    status: str
    tags: dict[str, str] = field(default_factory=dict)
    params: Collection[str] = ()


class Mirror:
    """Writes events to an experiment: a run for each sweep, and below it one for each trial.

    Every run is looked for by its tags before it is made, and its status is set last, so that a
    run which a killed driver left half written is completed and never doubled.
    """

    def __init__(self, client: "MlflowClient", experiment_id: str) -> None:
        """Write through a client into an experiment."""
        self._client = client
        self._experiment_id = experiment_id
        self._trials: dict[str, _Known] = {}
        self._parents: dict[str, _Known] = {}
        self._members: dict[str, set[str]] = {}
        self._looked_up: set[str] = set()
        self._all_looked_up = False

    def finished(self, keys: Collection[str]) -> set[str]:
        """Tell which trials the store holds as finished."""
        self.look_up(keys)
        return {key for key in keys if key in self._trials and _is_finished(self._trials[key])}

    def look_up(self, keys: Collection[str]) -> None:
        """Learn which trials the store holds: one search for many, else one each."""
        unknown = set() if self._all_looked_up else set(keys) - self._looked_up
        if len(unknown) > _FEW:
            for run in self._search({KIND_TAG: KIND_TRIAL}):
                self._learn(run)
            self._all_looked_up = True
            return
        for key in unknown:
            for run in self._search({TRIAL_KEY_TAG: key}):
                self._learn(run)
            self._looked_up.add(key)

    def write(self, event: TrialEvent | SweepEvent) -> None:
        """Bring the store up to an event."""
        if isinstance(event, SweepEvent):
            self._write_sweep(event)
        elif event.kind in ("finished", "failed"):
            self._write_trial(event)

    def write_counts(self, event: SweepEvent, finished: int, failed: int, end: float) -> None:
        """Say on a sweep's run how far it is."""
        parent = self._parent(event.name, end)
        left = len(event.trial_keys) - finished - failed
        counts = {"trials": len(event.trial_keys), "finished": finished, "failed": failed}
        self._tag(parent, {f"unremember.{name}": str(count) for name, count in counts.items()})
        status = "KILLED" if left else "FAILED" if failed else "FINISHED"
        self._client.set_terminated(parent.run_id, status, _ms(end))
        parent.status = status

    def _write_sweep(self, event: SweepEvent) -> None:
        spec = yaml.safe_dump(event.sweep, sort_keys=False, allow_unicode=True)
        parent = self._parent(event.name, event.at)
        tags = {SPEC_TAG: spec, NOTE_TAG: str(event.sweep.get("description", ""))}
        self._tag(parent, tags | _tags_of(event.provenance))
        if parent.status != "RUNNING":
            self._client.update_run(parent.run_id, "RUNNING")
            parent.status = "RUNNING"
        self.look_up(event.trial_keys)
        for key in event.trial_keys:
            self._members.setdefault(key, set()).add(event.name)
            if key in self._trials:
                self._tag(self._trials[key], {membership_tag(event.name): MEMBER})

    def _write_trial(self, event: TrialEvent) -> None:
        self.look_up([event.trial_key])
        members = {*event.sweeps, *self._members.get(event.trial_key, ())}
        membership = {membership_tag(sweep): MEMBER for sweep in sorted(members)}
        tags = dict(membership)
        run = self._trials.get(event.trial_key)
        if run is not None and _is_finished(run):
            self._tag(run, tags)
            return
        tags |= _tags_of(event.provenance) | _tags_of({"worker": event.worker})
        tags |= {ERROR_TAG: event.error} if event.kind == "failed" else people_tags(event.people)
        if run is None:
            run = self._create(event, tags)
        else:
            self._tag(run, tags)
        self._log(run, event)
        if event.kind == "finished" and ERROR_TAG in run.tags:
            self._client.delete_tag(run.run_id, ERROR_TAG)
            del run.tags[ERROR_TAG]
        run.status = "FINISHED" if event.kind == "finished" else "FAILED"
        self._client.set_terminated(run.run_id, run.status, _ms(event.ended_at))
        if event.kind == "finished":  # nothing but its memberships will change any more
            run.tags, run.params = membership, ()

    def _create(self, event: TrialEvent, tags: Mapping[str, str]) -> _Known:
        parent = self._parent(event.sweeps[0], event.started_at) if event.sweeps else None
        config = event.config
        name = "{encoder} n={num_names} beta={beta:g} seed={seed}".format(**config)
        marks = {KIND_TAG: KIND_TRIAL, TRIAL_KEY_TAG: event.trial_key}
        marks |= {PARENT_TAG: parent.run_id} if parent else {}
        known = self._create_run(name, event.started_at, {**tags, **marks})
        self._trials[event.trial_key] = known
        return known

    def _log(self, run: _Known, event: TrialEvent) -> None:
        from mlflow.entities import Param

        params = params_of(event.trial)
        new = [Param(name, value) for name, value in params.items() if name not in run.params]
        run.params = params.keys()
        metrics = _metrics(event)
        room = _MAX_METRICS - len(new)
        self._client.log_batch(run.run_id, metrics=metrics[:room], params=new)
        for first in range(room, len(metrics), _MAX_METRICS):
            self._client.log_batch(run.run_id, metrics=metrics[first : first + _MAX_METRICS])

    def _parent(self, sweep: str, at: float) -> _Known:
        if sweep not in self._parents:
            marks = {KIND_TAG: KIND_SWEEP, SWEEP_TAG: sweep}
            runs = [_known(run) for run in self._search(marks)]
            self._parents[sweep] = runs[0] if runs else self._create_run(sweep, at, marks)
        return self._parents[sweep]

    def _create_run(self, name: str, at: float, tags: Mapping[str, str]) -> _Known:
        cut = {key: value[:_MAX_TAG] for key, value in tags.items()}
        run = self._client.create_run(
            self._experiment_id, start_time=_ms(at), tags=cut, run_name=name
        )
        return _Known(run.info.run_id, "RUNNING", cut)

    def _tag(self, run: _Known, tags: Mapping[str, str]) -> None:
        """Set the tags that differ, in one call."""
        from mlflow.entities import RunTag

        cut = {key: value[:_MAX_TAG] for key, value in tags.items()}
        new = {key: value for key, value in cut.items() if run.tags.get(key) != value}
        if new:
            self._client.log_batch(run.run_id, tags=[RunTag(*item) for item in new.items()])
            run.tags |= new

    def _learn(self, run: "Run") -> None:
        key = run.data.tags[TRIAL_KEY_TAG]
        known = self._trials.get(key)
        if known is None or not _is_finished(known):
            self._trials[key] = _known(run)

    def _search(self, tags: Mapping[str, str]) -> Iterator["Run"]:
        where = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id], where, max_results=_PAGE,
                order_by=["attributes.start_time DESC"], page_token=token,
            )  # fmt: skip
            yield from page
            token = page.token
            if not token:
                return


def _known(run: "Run") -> _Known:
    return _Known(run.info.run_id, run.info.status, dict(run.data.tags), set(run.data.params))


def _is_finished(run: _Known) -> bool:
    return run.status == "FINISHED"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _tags_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Flatten what is known of code and machine into tags."""
    tags: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            tags |= {f"unremember.{name}.{part}": str(text) for part, text in value.items()}
        elif name == "git_commit":
            tags |= {COMMIT_TAG: value} if value else {}
        elif value not in ("", [], None):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            tags[f"unremember.{name}"] = text
    return tags


def _metrics(event: TrialEvent) -> Sequence["Metric"]:
    """Give metrics and curve with times that depend on the event alone, not on the clock."""
    from mlflow.entities import Metric

    end = _ms(event.ended_at)
    last = max((int(point["step"]) for point in event.curve), default=0)
    metrics = [Metric(name, value, end, last) for name, value in event.metrics.items()]
    span = event.ended_at - event.started_at
    for number, point in enumerate(event.curve, start=1):
        at = _ms(event.started_at + span * number / len(event.curve))
        step = int(point["step"])
        metrics += [
            Metric(curve_key(name), value, at, step)
            for name, value in point.items()
            if name not in ("step", "num_steps")
        ]
    return metrics
