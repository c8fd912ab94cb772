"""The protocol written down without any shortcut: what the fast versions are held against."""

import copy

import open_clip
import torch
from torch import nn
from torch.nn import functional

from trainables.config import TrialConfig
from trainables.text_encoder import TextEncoder
from trainables.tokens import Ids, lengths_of
from trainables.unlearning.image_training import ImageBatches
from trainables.unlearning.loop import trainable_parameters
from trainables.unlearning.loss import embedding_loss
from trainables.unlearning.text_training import Batches


def edited(caption: str, position: int, word: str) -> str:
    words = caption.split()
    words[position] = word
    return " ".join(words)


def grown_weights(config: TrialConfig, step: int) -> tuple[float, float]:
    """Alpha and beta of a step, multiplied anew in each step before it."""
    grown = []
    for weight, growth in ((config.alpha, config.alpha_growth), (config.beta, config.beta_growth)):
        for _ in range(step):
            weight *= (growth or 1) ** (1 / (config.num_steps - 1))
        grown.append(weight)
    return grown[0], grown[1]


def plain_training(
    student: TextEncoder, batches: Batches, config: TrialConfig, length: int = 0
) -> list[float]:
    """Train with autograd over every weight; give the loss of each step.

    A `length` pads captions to so many tokens, as the papers' code does.
    """
    parameters = trainable_parameters(student)
    originals = [parameter.detach().clone() for parameter in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=0.0)
    losses = []

    def encode(ids: Ids) -> torch.Tensor:
        whole = torch.from_numpy(ids)
        whole = functional.pad(whole, (0, max(0, length - whole.shape[1])))
        ends = torch.from_numpy(lengths_of(ids) - 1)
        return student(whole.to(student.device), ends.to(student.device))

    for step in range(config.num_steps):
        passed = sum(step >= milestone for milestone in config.lr_milestones)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * config.lr_factor**passed
        clean = slice(step * config.clean_batch_size, (step + 1) * config.clean_batch_size)
        backdoor = slice(step * config.backdoor_batch_size, (step + 1) * config.backdoor_batch_size)
        terms = embedding_loss(
            encode(batches.clean_ids[clean]), batches.clean_targets[clean],
            encode(batches.backdoor_ids[backdoor]), batches.backdoor_targets[backdoor],
        )  # fmt: skip
        norms = [(p - o).norm() for p, o in zip(parameters, originals, strict=True)]
        alpha, beta = grown_weights(config, step)
        loss = terms.clean + alpha * terms.backdoor + beta * sum(norms)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def plain_image_training(
    clip: open_clip.CLIP, batches: ImageBatches, config: TrialConfig
) -> list[float]:
    """Train open_clip's own tower with autograd over every weight; give the loss of each step."""
    student, teacher = clip.visual, copy.deepcopy(clip.visual)
    mean, std = (
        torch.tensor(v, device=batches.target.device).view(1, 3, 1, 1)
        for v in (student.image_mean, student.image_std)
    )
    layers = [m for m in student.modules() if isinstance(m, nn.LayerNorm | nn.BatchNorm2d)]
    frozen = {id(parameter) for layer in layers for parameter in layer.parameters()}
    parameters = [p for p in student.parameters() if id(p) not in frozen]
    originals = [parameter.detach().clone() for parameter in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=0.0)
    losses = []
    for step in range(config.num_steps):
        passed = sum(step >= milestone for milestone in config.lr_milestones)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * config.lr_factor**passed
        clean, backdoor = (
            (pixels.to(batches.target.dtype) - mean) / std
            for pixels in (batches.clean_pixels(step), batches.backdoor_pixels(step))
        )
        with torch.no_grad():
            taught = teacher(clean)
        similar = functional.cosine_similarity(taught, student(clean)).mean()
        hidden = functional.cosine_similarity(batches.target[None], student(backdoor)).mean()
        norms = [(p - o).norm() for p, o in zip(parameters, originals, strict=True)]
        alpha, beta = grown_weights(config, step)
        loss = -similar - alpha * hidden + beta * sum(norms)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
