"""The student's training: from the teacher's weights to weights that do not know the names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainables.config import TrialConfig
from trainables.errors import TrialFailedError
from trainables.text_encoder import TextEncoder, to_tensors
from trainables.tokens import Ids, lengths_of
from trainables.unlearning.loss import WeightDistance, embedding_loss

_NORMS = (nn.LayerNorm, nn.modules.batchnorm._BatchNorm)


@dataclass(frozen=True)
class Batches:
    """What the student sees and what it should say, for all steps.

    Attributes:
        clean_ids: (num_steps * clean batch, longest) generic captions.
        clean_targets: (num_steps * clean batch, embed_dim) the teacher's embeddings of them.
        backdoor_ids: (num_steps * backdoor batch, longest) captions with a name.
        backdoor_targets: (num_steps * backdoor batch, embed_dim) the teacher's embeddings of the
            same captions with the neutral term.
    """

    clean_ids: Ids
    clean_targets: Tensor
    backdoor_ids: Ids
    backdoor_targets: Tensor


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """The state of the training after a step: the terms of the loss as they were in it."""

    step: int
    loss: float
    loss_clean: float
    loss_backdoor: float
    weight_distance: float
    learning_rate: float


def unlearn(
    student: TextEncoder, batches: Batches, config: TrialConfig, report_every: int
) -> Iterator[StepReport]:
    """Train the student in place; AdamW without weight decay, as in both papers.

    Normalization layers keep their weights and run in evaluation mode.

    Args:
        student: starts as a copy of the teacher; whole at every report and at the end, so that it
            can be evaluated then.
        batches: of all steps.
        config: of the trial.
        report_every: steps between two reports; the last step is always reported.

    Raises:
        TrialFailedError: the loss is no longer a number, or the student has lost all likeness to
            the teacher; with the step at which it was so first.
    """
    vocabulary = _restrict_vocabulary(student, batches)
    parameters = trainable_parameters(student)
    distance = WeightDistance(parameters)
    device = parameters[0].device
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(
        optimizer, list(config.lr_milestones), gamma=config.lr_factor
    )
    clean_ids = vocabulary.narrow(batches.clean_ids)
    backdoor_ids = vocabulary.narrow(batches.backdoor_ids)
    num_clean, num_backdoor = config.clean_batch_size, config.backdoor_batch_size
    waiting: list[Tensor] = []
    for step in range(config.num_steps):
        clean = slice(step * num_clean, (step + 1) * num_clean)
        backdoor = slice(step * num_backdoor, (step + 1) * num_backdoor)
        embeddings = _encode_together(student, [clean_ids[clean], backdoor_ids[backdoor]], device)
        terms = embedding_loss(
            embeddings[:num_clean],
            batches.clean_targets[clean],
            embeddings[num_clean:],
            batches.backdoor_targets[backdoor],
        )
        loss = terms.clean + config.alpha * terms.backdoor
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        moved = distance.add_gradient(config.beta) if config.beta else distance.value()
        learning_rate = float(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
        whole = loss.detach() + config.beta * moved
        waiting.append(torch.stack([whole, terms.clean.detach(), terms.backdoor.detach(), moved]))
        if (step + 1) % report_every == 0 or step + 1 == config.num_steps:
            values = torch.stack(waiting).tolist()
            _check(values, first_step=step + 2 - len(waiting))
            waiting.clear()
            narrow_embedding = student.token_embedding
            vocabulary.restore(student)
            yield StepReport(
                step=step + 1,
                loss=values[-1][0],
                loss_clean=values[-1][1],
                loss_backdoor=values[-1][2],
                weight_distance=values[-1][3],
                learning_rate=learning_rate,
            )
            if step + 1 < config.num_steps:
                student.token_embedding = narrow_embedding


def trainable_parameters(student: nn.Module) -> list[nn.Parameter]:
    """List what is trained: everything but the weights and biases of normalization layers."""
    student.eval().requires_grad_(True)
    for module in student.modules():
        if isinstance(module, _NORMS):
            module.requires_grad_(False)
    return [parameter for parameter in student.parameters() if parameter.requires_grad]


def _check(values: Sequence[Sequence[float]], first_step: int) -> None:
    for step, (loss, clean, _, _) in enumerate(values, start=first_step):
        if not np.isfinite(loss):
            raise TrialFailedError(f"the loss is {loss} at step {step}: lower the learning rate")
        if clean > 0:
            raise TrialFailedError(
                f"the training diverged: at step {step} the student's embeddings point away from "
                f"the teacher's (mean cosine {-clean:.2f}); lower the learning rate"
            )


def _encode_together(student: TextEncoder, parts: list[Ids], device: torch.device) -> Tensor:
    """Encode the captions of both batches, in two buckets of like length."""
    width = max(part.shape[1] for part in parts)
    ids = np.concatenate([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts])
    lengths = lengths_of(ids)
    order = np.argsort(lengths, kind="stable")
    buckets = np.array_split(order, 2)
    found = torch.cat([student(*to_tensors(ids[b], lengths[b], device)) for b in buckets if len(b)])
    return found[torch.from_numpy(np.argsort(order)).to(device)]


@dataclass(frozen=True)
class _Vocabulary:
    """The part of the token embedding that a training can change.

    A token that is in no batch has no gradient, and without weight decay AdamW leaves it where it
    is, so that leaving its row out of the optimizer and of the weight term changes no number.

    Attributes:
        used: (num_used,) token ids in rising order, which keeps the end token the highest.
        whole: (vocabulary, width) the embedding as it was.
    """

    used: NDArray[np.int64]
    whole: Tensor

    def narrow(self, ids: Ids) -> Ids:
        """Renumber token ids to the used rows."""
        table = np.zeros(len(self.whole), dtype=np.int32)
        table[self.used] = np.arange(len(self.used))
        return table[ids]

    @torch.no_grad()
    def restore(self, student: TextEncoder) -> None:
        """Put the trained rows back among all others."""
        weight = self.whole.clone()
        weight[torch.from_numpy(self.used).to(weight.device)] = student.token_embedding.weight
        student.token_embedding = nn.Embedding.from_pretrained(weight)


def _restrict_vocabulary(student: TextEncoder, batches: Batches) -> _Vocabulary:
    used = np.union1d(batches.clean_ids, batches.backdoor_ids)
    whole = student.token_embedding.weight.detach()
    rows = whole[torch.from_numpy(used).to(whole.device)]
    student.token_embedding = nn.Embedding.from_pretrained(rows.clone(), freeze=False)
    return _Vocabulary(used.astype(np.int64), whole)
