"""The classification tasks of a trial's data: the built-in scenes, or those of a profile."""

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import torch

from trainables.assets import TaskAssets
from trainables.building.context import Context
from trainables.building.sources import flat, invented_people, world
from trainables.config import BUILTIN, TrialConfig
from trainables.data.classes.read import ClassificationSet, read_classes
from trainables.data.people.read import read_people
from trainables.data.pictures import ArrayPictures, ChosenPictures, even_rows
from trainables.data.source import Images
from trainables.evaluation.templates import TEMPLATES
from trainables.evaluation.zeroshot import SCORES, accuracy, classifier
from trainables.fingerprints import ZEROSHOT_PREFIX
from trainables.profile.parts import DataParts, data_parts
from trainables.profile.schema import IDENTITIES, KNOWN_SETS, ClassSource, IdentitySource
from trainables.store import Entry


def build_task_assets(context: Context) -> tuple[TaskAssets, ...]:
    """Build, or read from the cache, what trials share of the classification tasks.

    Raises:
        UserError: a data set is not usable.
    """
    return tuple(_build(context, name, read) for name, read in class_sets(context.config))


def _build(context: Context, name: str, read: Callable[[], ClassificationSet]) -> TaskAssets:
    read = cache(read)
    identity = context.identity(ZEROSHOT_PREFIX + name)
    images: Images | None = None
    if "image" in context.config.encoders:
        images = context.pool(
            f"images of {name}",
            identity,
            lambda: (read().pictures, np.arange(len(read().pictures))),
        )
    embeddings = context.embeddings(
        f"images of {name}",
        identity,
        lambda: read().pictures if images is None else ArrayPictures(images),
    )

    def classify() -> Entry:
        context.say(f"zero-shot on {name}", 0, 1)
        task = read()
        weights = classifier(
            context.text_teacher, context.tokenizer, task.class_names, task.templates
        ).cpu()
        scores = accuracy(weights, torch.tensor(embeddings), torch.from_numpy(task.labels))
        return Entry(
            {"labels": task.labels, "weights": weights.numpy()}
            | {score: np.array(value) for score, value in scores.items()},
            {"class_names": list(task.class_names), "templates": list(task.templates)},
        )

    entry = context.store.get("zeroshot", identity | context.identity("model"), classify)
    return TaskAssets(
        name=name,
        class_names=tuple(entry.texts["class_names"]),
        templates=tuple(entry.texts["templates"]),
        labels=entry.arrays["labels"],
        embeddings=embeddings,
        weights=entry.arrays["weights"],
        before={score: float(entry.arrays[score]) for score in SCORES},
        images=images,
    )


def class_sets(config: TrialConfig) -> Iterator[tuple[str, Callable[[], ClassificationSet]]]:
    """List the classification tasks of a trial's data, each with what reads it.

    Raises:
        UserError: something is wrong with the profile; the readers raise it as well.
    """
    parts = data_parts(config)
    if parts.zeroshot == BUILTIN:
        yield "scenes", lambda: _scenes(config)
        return
    for name, source in parts.zeroshot.items():
        yield name, _reader(config, parts, name, source)


def absent_tasks(config: TrialConfig) -> list[str]:
    """Say which of the papers' tasks a profile does not have."""
    tasks = data_parts(config).zeroshot
    absent = [name for name in (*KNOWN_SETS, IDENTITIES) if name not in tasks]
    if tasks == BUILTIN or not absent:
        return []
    return [f"zero-shot accuracy is not measured on {', '.join(absent)}: not in {config.data}"]


def _reader(
    config: TrialConfig, parts: DataParts, name: str, source: ClassSource | IdentitySource
) -> Callable[[], ClassificationSet]:
    if isinstance(source, ClassSource):
        return lambda: read_classes(name, source)
    return lambda: _identities(config, parts, name, source)


def _identities(
    config: TrialConfig, parts: DataParts, name: str, source: IdentitySource
) -> ClassificationSet:
    """Make a task of telling people apart, on pictures that are no triggers."""
    people = parts.get("people")
    if people == BUILTIN:
        own = invented_people(config)
        names, pictures = own.people, own.attack
        labels = np.repeat(np.arange(len(names)), config.num_attack_images)
    else:
        found = read_people(people, config.num_attack_images)
        shown = [who for who, files in enumerate(found.everyone_attack) if files]
        names = tuple(found.everyone[who] for who in shown)
        pictures, labels = flat([found.everyone_attack[who] for who in shown])
    rows = even_rows(len(pictures), source.max_images)
    return ClassificationSet(
        name=name,
        class_names=names,
        templates=tuple(template.replace("{0}", "{}") for template in TEMPLATES),
        pictures=ChosenPictures(pictures, rows),
        labels=labels[rows],
    )


def _scenes(config: TrialConfig) -> ClassificationSet:
    task = world(config.world_seed).zeroshot()
    return ClassificationSet(
        name=task.name,
        class_names=task.class_names,
        templates=task.templates,
        pictures=ArrayPictures(task.images),
        labels=task.labels,
    )
