"""What the weights and the data of a trial are, so that its key changes when they do."""

from functools import lru_cache
from typing import Any

from trainables.builtin.recipe import default_recipe
from trainables.config import BUILTIN, TrialConfig
from trainables.data.captions import captions_digest
from trainables.data.classes.read import classes_digest
from trainables.data.images import images_digest
from trainables.data.names import names_digest
from trainables.data.people.read import people_digest
from trainables.metrics import BUILTIN_TASK
from trainables.models.fingerprint import weights_fingerprint
from trainables.profile.parts import PROFILE_KEYS, DataParts, data_parts, needed_parts, with_weights
from trainables.profile.schema import CandidateSource, CaptionSource, ClassSource, PeopleSource

ZEROSHOT_PREFIX = "zeroshot/"
"""Stands before the names of classification tasks."""


def fingerprints(config: TrialConfig) -> dict[str, str]:
    """Fingerprint a trial's weights and data; needs neither to be made or downloaded yet.

    Raises:
        UserError: the profile lacks a part, or a file that it names cannot be read.
    """
    if config.data == BUILTIN:
        return {"model": part_print(config, "model"), "data": _world(config)}
    tasks = data_parts(config).zeroshot
    names = [BUILTIN_TASK] if tasks == BUILTIN else list(tasks)
    parts = ["model", *needed_parts(config), *(ZEROSHOT_PREFIX + name for name in names)]
    return {part: part_print(config, part) for part in parts}


def part_print(config: TrialConfig, part: str) -> str:
    """Fingerprint the weights of a trial, or a part of its data.

    Args:
        config: of the trial.
        part: `model`, a part of `DataParts`, or `zeroshot/` and the name of a task.

    Raises:
        UserError: the profile does not have it, or a file cannot be read.
    """
    parts = data_parts(config)
    if part == "model":
        config = with_weights(config)
        if config.model == BUILTIN:
            return _world(config)
        return weights_fingerprint(config.model, config.pretrained)
    if not part.startswith(ZEROSHOT_PREFIX):
        source = parts.get(part)
        return _world(config) if source == BUILTIN else _digest(part, source)
    if parts.zeroshot == BUILTIN:
        return _world(config)
    return _task_print(config, parts, part.removeprefix(ZEROSHOT_PREFIX))


def _task_print(config: TrialConfig, parts: DataParts, name: str) -> str:
    assert parts.zeroshot != BUILTIN
    source = parts.zeroshot[name]
    if isinstance(source, ClassSource):
        return _digest(name, source)
    return f"{part_print(config, 'people')}:{config.num_attack_images}:{source.max_images}"


# Listing a data set takes seconds, and every trial of a sweep asks.
@lru_cache(maxsize=256)
def _digest(name: str, source: Any) -> str:
    if isinstance(source, PeopleSource):
        return people_digest(source)
    if isinstance(source, CandidateSource):
        return names_digest(source)
    if isinstance(source, CaptionSource):
        return captions_digest(source, PROFILE_KEYS[name])
    if isinstance(source, ClassSource):
        return classes_digest(name, source)
    return images_digest(source, PROFILE_KEYS[name])


def _world(config: TrialConfig) -> str:
    return f"builtin:{default_recipe(config.world_seed).fingerprint}"
