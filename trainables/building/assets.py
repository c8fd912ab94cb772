"""Building what trials share, or reading from the cache what was built before."""

import numpy as np
import torch

from trainables.assets import Assets
from trainables.building.context import Context
from trainables.building.images import build_image_assets
from trainables.building.sources import check_files, world
from trainables.building.text import build_text_assets
from trainables.config import TrialConfig
from trainables.data.pictures import ArrayPictures
from trainables.evaluation.idia import attack, candidate_names, name_embeddings
from trainables.evaluation.zeroshot import accuracy, classifier
from trainables.models.load import Progress
from trainables.store import Entry


def build_assets(
    config: TrialConfig, device: torch.device, progress: Progress | None = None
) -> Assets:
    """Build the assets of a trial, or read from the cache what was built before.

    Args:
        config: of any of the trials that share them.
        device: where to compute.
        progress: told what is being done.

    Raises:
        UserError: the model, a file or the cache folder is not usable.
    """
    check_files(config)
    context = Context(config, device, progress)
    context.say("loading the model", 0, 1)
    attacked = context.store.get(
        "attack",
        context.identity(
            "model", "data", "people_images",
            num_images=config.num_attack_images, num_candidates=config.num_candidates,
        ),
        lambda: _attack_original(context),
    )  # fmt: skip
    zeroshot = context.store.get(
        "zeroshot", context.identity("model", "data"), lambda: _classify_original(context)
    )
    people = attacked.texts["people"]
    text, image = ("text" in config.encoders), ("image" in config.encoders)
    return Assets(
        people=tuple(people),
        candidates=tuple(attacked.texts["candidates"]),
        is_member=attacked.arrays["is_member"],
        hits_before=attacked.arrays["hits_before"],
        attack_embeddings=attacked.arrays["attack_embeddings"],
        name_embeddings=attacked.arrays["name_embeddings"],
        class_embeddings=zeroshot.arrays["class_embeddings"],
        class_weights=zeroshot.arrays["class_weights"],
        class_labels=zeroshot.arrays["class_labels"],
        zeroshot_before={
            name: float(zeroshot.arrays[name]) for name in ("zeroshot_top1", "zeroshot_top5")
        },
        text=build_text_assets(context, people, zeroshot.texts) if text else None,
        image=build_image_assets(context) if image else None,
    )


def _attack_original(context: Context) -> Entry:
    context.say("attack on the original model", 0, 1)
    people, config = context.people, context.config
    found = context.embed("attack images", people.attack)
    found = np.stack(np.split(found, len(people.people)))
    candidates = candidate_names(people.people, people.random_names, config.num_candidates)
    names = torch.stack(
        list(name_embeddings(context.text_teacher, context.tokenizer, candidates))
    ).cpu()
    return Entry(
        {
            "is_member": people.is_member,
            "attack_embeddings": found,
            "name_embeddings": names.numpy(),
            "hits_before": attack(names, torch.from_numpy(found)),
        },
        {"people": list(people.people), "candidates": candidates},
    )


def _classify_original(context: Context) -> Entry:
    context.say("zero-shot on the original model", 0, 1)
    task = world(context.config.world_seed).zeroshot()
    found = context.embed("class images", ArrayPictures(task.images))
    weights = classifier(
        context.text_teacher, context.tokenizer, task.class_names, task.templates
    ).cpu()
    scores = accuracy(weights, torch.from_numpy(found), torch.from_numpy(task.labels))
    return Entry(
        {
            "class_embeddings": found,
            "class_weights": weights.numpy(),
            "class_labels": task.labels,
            **{name: np.array(value) for name, value in scores.items()},
        },
        {"class_names": list(task.class_names), "templates": list(task.templates)},
    )
