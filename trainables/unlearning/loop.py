"""The student's training: from the teacher's weights to weights that have forgotten."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from trainables.config import TrialConfig
from trainables.errors import TrialFailedError
from trainables.unlearning.loss import WeightDistance, embedding_loss

_NORMS = (nn.LayerNorm, nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.RMSNorm)


@dataclass(frozen=True, kw_only=True)
class StepEmbeddings:
    """What the student says in a step, and what it should say.

    Attributes:
        student_clean: (clean batch, embed_dim).
        teacher_clean: (clean batch, embed_dim), of the same samples.
        student_backdoor: (backdoor batch, embed_dim).
        target: (backdoor batch, embed_dim), Delta of each sample.
    """

    student_clean: Tensor
    teacher_clean: Tensor
    student_backdoor: Tensor
    target: Tensor


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """The state of the training after a step: the terms of the loss as they were in it."""

    step: int
    loss: float
    loss_clean: float
    loss_backdoor: float
    weight_distance: float
    learning_rate: float


def optimise(
    parameters: Sequence[nn.Parameter],
    embed: Callable[[int], StepEmbeddings],
    config: TrialConfig,
    report_every: int,
) -> Iterator[StepReport]:
    """Train a student in place; AdamW without weight decay, as in both papers.

    The weights of the loss grow where the trial says so, which the papers' do not.

    Args:
        parameters: what is trained, still equal to the teacher's.
        embed: gives the embeddings of a step, counted from 0.
        config: of a trial of one encoder.
        report_every: steps between two reports; the last step is always reported.

    Raises:
        TrialFailedError: the loss is no longer a number, or the student has lost all likeness to
            the teacher; with the step at which it was so first.
    """
    distance = WeightDistance(parameters)
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(
        optimizer, list(config.lr_milestones), gamma=config.lr_factor
    )
    waiting: list[Tensor] = []
    for step in range(config.num_steps):
        found = embed(step)
        terms = embedding_loss(
            found.student_clean, found.teacher_clean, found.student_backdoor, found.target
        )
        alpha = _grown(config.alpha, config.alpha_growth, step, config.num_steps)
        beta = _grown(config.beta, config.beta_growth, step, config.num_steps)
        loss = terms.clean + alpha * terms.backdoor
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        moved = distance.add_gradient(beta) if beta else distance.value()
        learning_rate = float(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
        whole = loss.detach() + beta * moved
        waiting.append(torch.stack([whole, terms.clean.detach(), terms.backdoor.detach(), moved]))
        if (step + 1) % report_every == 0 or step + 1 == config.num_steps:
            values = torch.stack(waiting).tolist()
            _check(values, first_step=step + 2 - len(waiting))
            waiting.clear()
            yield StepReport(
                step=step + 1,
                loss=values[-1][0],
                loss_clean=values[-1][1],
                loss_backdoor=values[-1][2],
                weight_distance=values[-1][3],
                learning_rate=learning_rate,
            )


def trainable_parameters(student: nn.Module) -> list[nn.Parameter]:
    """List what is trained: everything but the weights and biases of normalization layers.

    The whole student runs in evaluation mode, so that BatchNorm keeps its statistics.
    """
    student.eval().requires_grad_(True)
    for module in student.modules():
        if isinstance(module, _NORMS):
            module.requires_grad_(False)
    return [parameter for parameter in student.parameters() if parameter.requires_grad]


def _grown(weight: float, growth: float | None, step: int, num_steps: int) -> float:
    """Give a weight of the loss in a step: the first has it as it is, the last as it has grown."""
    if growth is None or num_steps == 1:
        return weight
    return float(weight * growth ** (step / (num_steps - 1)))


def _check(values: Sequence[Sequence[float]], first_step: int) -> None:
    for step, (loss, clean, _, _) in enumerate(values, start=first_step):
        if not np.isfinite(loss):
            raise TrialFailedError(f"the loss is {loss} at step {step}: lower the learning rate")
        if clean > 0:
            raise TrialFailedError(
                f"the training diverged: at step {step} the student's embeddings point away from "
                f"the teacher's (mean cosine {-clean:.2f}); lower the learning rate"
            )
