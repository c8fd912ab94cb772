"""Pre-training of a world's CLIP from scratch."""

import math
from collections.abc import Callable

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from trainables.builtin.batches import TrainingData
from trainables.builtin.model import build_model, encode_tokens
from trainables.builtin.recipe import Recipe
from trainables.builtin.world import World

Progress = Callable[[int, int], None]
"""Called with the number of steps done and the number of all steps."""

_MAX_LOGIT_SCALE = math.log(100)


def train_model(world: World, progress: Progress | None = None) -> open_clip.CLIP:
    """Train a world's CLIP from scratch.

    Args:
        world: whose pictures and captions it is trained on.
        progress: told of every step.

    Returns:
        the model in eval mode, float32.
    """
    recipe = world.recipe
    model = build_model(recipe).train()
    data = TrainingData(recipe, world.train)
    embedding = _used_rows(model, data.used_tokens)
    optimizer = _build_optimizer(recipe, model, embedding)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(recipe, step))
    model.visual.to(memory_format=torch.channels_last)
    for step in range(recipe.num_steps):
        images, tokens, texts = data.batch(step)
        # At these lengths plain attention is several times faster than the fused one on a CPU.
        with torch.autocast("cpu", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            image_features = model.encode_image(images)
            text_features = encode_tokens(model, embedding, tokens)
        loss = _clip_loss(image_features.float(), text_features.float(), model.logit_scale, texts)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(_trained(model, embedding), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=_MAX_LOGIT_SCALE)
        if progress is not None:
            progress(step + 1, recipe.num_steps)
    with torch.no_grad():
        model.token_embedding.weight[data.used_tokens] = embedding
    model.visual.to(memory_format=torch.contiguous_format)
    return model.eval()


def _used_rows(model: open_clip.CLIP, used_tokens: Tensor) -> nn.Parameter:
    return nn.Parameter(model.token_embedding.weight.detach()[used_tokens].clone())


def _trained(model: open_clip.CLIP, embedding: nn.Parameter) -> list[nn.Parameter]:
    left_out = model.token_embedding.weight
    return [embedding, *(p for p in model.parameters() if p is not left_out)]


def _build_optimizer(
    recipe: Recipe, model: open_clip.CLIP, embedding: nn.Parameter
) -> torch.optim.AdamW:
    parameters = _trained(model, embedding)
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True)


def _rate(recipe: Recipe, step: int) -> float:
    warmup = max(1, round(recipe.warmup_share * recipe.num_steps))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, recipe.num_steps - warmup)))


def _clip_loss(images: Tensor, texts: Tensor, logit_scale: Tensor, numbers: Tensor) -> Tensor:
    """Contrast pictures with captions; equal captions of two pictures are no negatives."""
    logits = logit_scale.exp() * F.normalize(images, dim=1) @ F.normalize(texts, dim=1).T
    same = numbers[:, None] == numbers[None, :]
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, -torch.inf)
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
