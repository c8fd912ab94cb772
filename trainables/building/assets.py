"""Building what trials share, or reading from the cache what was built before."""

import torch

from trainables.assets import Assets
from trainables.building.context import Context
from trainables.building.images import build_image_assets
from trainables.building.sources import check_data, nobodies
from trainables.building.tasks import absent_tasks, build_task_assets
from trainables.building.text import build_text_assets
from trainables.config import TrialConfig
from trainables.evaluation.idia import attack, candidate_names, name_embeddings
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
    check_data(config)
    context = Context(config, device, progress)
    context.say("loading the model", 0, 1)
    attacked = context.store.get(
        "attack",
        context.identity(
            "model", "people", "candidates",
            num_images=config.num_attack_images, num_candidates=config.num_candidates,
        ),
        lambda: _attack_original(context),
    )  # fmt: skip
    people = attacked.texts["people"]
    text, image = ("text" in config.encoders), ("image" in config.encoders)
    for note in (*attacked.texts["notes"], *absent_tasks(config)):
        context.say(note, 0, 0)
    return Assets(
        people=tuple(people),
        candidates=tuple(attacked.texts["candidates"]),
        is_member=attacked.arrays["is_member"],
        hits_before=attacked.arrays["hits_before"],
        attack_embeddings=attacked.arrays["attack_embeddings"],
        name_embeddings=attacked.arrays["name_embeddings"],
        tasks=build_task_assets(context),
        text=build_text_assets(context, people) if text else None,
        image=build_image_assets(context) if image else None,
    )


def _attack_original(context: Context) -> Entry:
    context.say("attack on the original model", 0, 1)
    people, config = context.people, context.config
    identity = context.identity("people", num_images=config.num_attack_images)
    found = context.embeddings("attack images", identity, lambda: people.attack)
    found = found.reshape(len(people.people), -1, found.shape[-1])
    random_names = nobodies(config, people.people)
    candidates = candidate_names(people.people, random_names, config.num_candidates)
    names = torch.stack(
        list(name_embeddings(context.text_teacher, context.tokenizer, candidates))
    ).cpu()
    return Entry(
        {
            "is_member": people.is_member,
            "attack_embeddings": found,
            "name_embeddings": names.numpy(),
            "hits_before": attack(names, torch.tensor(found)),
        },
        {
            "people": list(people.people),
            "candidates": candidates,
            "notes": list(people.notes),
        },
    )
