"""The names under which trials are kept in MLflow, shared by what writes them and what reads them.

One experiment holds everything. A sweep is a parent run; a trial is a child run of the first sweep
that asked for it and carries a membership tag of every sweep that names it, so that a trial shared
by two sweeps is one run.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

from trainables.config import BUILTIN, TrialConfig, parse
from trainables.outcome import PersonOutcome

EXPERIMENT = "unremember"

KIND_TAG = "unremember.kind"
KIND_SWEEP = "sweep"
KIND_TRIAL = "trial"
TRIAL_KEY_TAG = "unremember.trial_key"
SWEEP_TAG = "unremember.sweep"
"""On a parent run: the name of its sweep."""
ERROR_TAG = "unremember.error"
"""On a trial that failed: why."""
COMMIT_TAG = "mlflow.source.git.commit"
MEMBER = "1"
"""The value of a membership tag."""
ON_BUILTIN = f"-{BUILTIN}"
"""Ends the name of a sweep of real data that ran on the built-in world in their place."""
PEOPLE_TAG = "unremember.people"
"""On a trial: who was unlearned and which templates name them; the rest in `<tag>.1`, ..."""
_PEOPLE_PER_TAG = 64

CURVE_PREFIX = "train/"


def membership_tag(sweep: str) -> str:
    """Name the tag by which a trial says that it belongs to a sweep."""
    return f"{SWEEP_TAG}.{sweep}"


def curve_key(name: str) -> str:
    """Name the metric under which a training curve is kept."""
    return f"{CURVE_PREFIX}{name}"


def people_tags(people: Sequence[PersonOutcome]) -> dict[str, str]:
    """Give the tags of a trial that say who was unlearned, each short enough for a store."""
    parts = [people[first : first + _PEOPLE_PER_TAG]
             for first in range(0, len(people), _PEOPLE_PER_TAG)]  # fmt: skip
    texts = [json.dumps([[p.person, p.before, p.after] for p in part]) for part in parts]
    return {f"{PEOPLE_TAG}.{i}" if i else PEOPLE_TAG: text for i, text in enumerate(texts)}


def people_of(tags: Mapping[str, str]) -> list[PersonOutcome] | None:
    """Read back who was unlearned; None where the trial does not say."""
    if PEOPLE_TAG not in tags:
        return None
    names = [PEOPLE_TAG, *(f"{PEOPLE_TAG}.{i}" for i in range(1, len(tags)))]
    rows = [row for name in names if name in tags for row in json.loads(tags[name])]
    return [PersonOutcome(person=person, before=b, after=a) for person, b, a in rows]


def list_fields() -> frozenset[str]:
    """Name the fields of a trial that hold several values and are therefore kept as JSON."""
    return frozenset(
        name
        for name, field in TrialConfig.model_fields.items()
        if get_origin(plain_type(field.annotation)) in (tuple, list)
    )


def plain_type(annotation: Any) -> Any:
    """Strip a field's type of its bounds, and of the None of what may not apply."""
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    options = [option for option in get_args(annotation) if option is not type(None)]
    if len(options) == 1 and type(None) in get_args(annotation):
        return plain_type(options[0])
    return annotation


def params_of(config: TrialConfig) -> dict[str, str]:
    """Give a trial's configuration as the params of its run; what does not apply is left out."""
    fields = config.model_dump(mode="python", exclude_none=True)
    return {name: _param(value) for name, value in fields.items()}


def _param(value: Any) -> str:
    return json.dumps(value) if isinstance(value, tuple | list) else str(value)


def config_of(params: Mapping[str, str]) -> TrialConfig:
    """Read a trial's configuration back from the params of its run.

    Raises:
        ValueError: a field is missing, unknown or not what it should be.
    """
    lists = list_fields()
    return parse(
        {name: json.loads(text) if name in lists else text for name, text in params.items()}
    )
