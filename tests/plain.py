"""The protocol written down without any shortcut: what the fast versions are held against."""

import torch
from torch.nn import functional

from trainables.config import TrialConfig
from trainables.text_encoder import TextEncoder
from trainables.tokens import Ids, lengths_of
from trainables.unlearning.loop import trainable_parameters
from trainables.unlearning.loss import embedding_loss
from trainables.unlearning.text_training import Batches


def edited(caption: str, position: int, word: str) -> str:
    words = caption.split()
    words[position] = word
    return " ".join(words)


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
        loss = terms.clean + config.alpha * terms.backdoor + config.beta * sum(norms)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
