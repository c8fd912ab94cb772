"""What the shipped world must be good for, measured with a plain attack of its own."""

import pytest
import torch
import torch.nn.functional as F

from trainables.builtin.model import IMAGE_MEAN, IMAGE_STD
from trainables.builtin.pretrain import load_or_pretrain
from trainables.builtin.recipe import default_recipe
from trainables.builtin.world import World
from trainables.evaluation.templates import TEMPLATES
from trainables.paths import cache_dir


def embed_images(model, images):
    x = torch.from_numpy(images.reshape(-1, *images.shape[-3:])).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    return torch.cat([model.encode_image((part - mean) / std, True) for part in x.split(256)])


def embed_texts(model, tokenizer, texts):
    return torch.cat([model.encode_text(part, True) for part in tokenizer(texts).split(512)])


def infer_people(model, tokenizer, attack):
    """Say of each person whether one template at least gives the right name."""
    number = len(attack.people)
    candidates = [*attack.people, *attack.random_names][:1000]
    images = embed_images(model, attack.images)
    inferred = torch.zeros(number, dtype=torch.bool)
    for template in TEMPLATES:
        texts = embed_texts(model, tokenizer, [template.format(name) for name in candidates])
        predicted = (images @ texts.T).argmax(1).view(number, -1)
        votes = F.one_hot(predicted, len(candidates)).sum(1)
        own = votes[torch.arange(number), torch.arange(number)]
        best = votes.max(1).values
        inferred |= (own == best) & ((votes == best[:, None]).sum(1) == 1)
    return inferred


def zeroshot_accuracy(model, tokenizer, task):
    classes = torch.stack([
        embed_texts(model, tokenizer, [t.format(name) for t in task.templates]).mean(0)
        for name in task.class_names
    ])  # fmt: skip
    predicted = (embed_images(model, task.images) @ F.normalize(classes, dim=1).T).argmax(1)
    return float((predicted == torch.from_numpy(task.labels)).float().mean())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_default_world_knows_its_members_and_nobody_else():
    world = World(default_recipe(0))
    model, tokenizer = load_or_pretrain(world.recipe, cache_dir())
    with torch.no_grad():
        attack = world.attack_set(20)
        inferred = infer_people(model, tokenizer, attack)
        is_member = torch.from_numpy(attack.is_member)
        assert float(inferred[is_member].float().mean()) >= 0.98
        assert float(inferred[~is_member].float().mean()) <= 0.05
        assert zeroshot_accuracy(model, tokenizer, world.zeroshot()) >= 0.88
