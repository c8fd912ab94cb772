"""The loss of the defence (ECAI paper, Eq. 1, with the weight regularization)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity


@dataclass(frozen=True)
class EmbeddingLoss:
    """The two terms of Eq. 1 that are computed from embeddings.

    Attributes:
        clean: minus the mean cosine of student and teacher on generic samples; scalar.
        backdoor: minus the mean cosine of student and target on samples with a trigger; scalar.
    """

    clean: Tensor
    backdoor: Tensor


def embedding_loss(
    student_clean: Tensor, teacher_clean: Tensor, student_backdoor: Tensor, target: Tensor
) -> EmbeddingLoss:
    """Compare a student's embeddings with what they should be.

    Args:
        student_clean: (clean batch, embed_dim).
        teacher_clean: (clean batch, embed_dim), of the same samples.
        student_backdoor: (backdoor batch, embed_dim).
        target: (backdoor batch, embed_dim), Delta of each sample.
    """
    return EmbeddingLoss(
        clean=-cosine_similarity(student_clean, teacher_clean).mean(),
        backdoor=-cosine_similarity(student_backdoor, target).mean(),
    )


class WeightDistance:
    """The weight term: the sum over tensors of the L2 norm of their change.

    Its gradient is known in closed form, beta * (theta~ - theta) / ||theta~ - theta||, and is added
    to the gradients of the embedding terms directly: a few fused passes over the weights instead of
    a graph of several nodes a tensor. At a tensor that has not moved the gradient is zero, the
    subgradient that `torch.linalg.vector_norm` takes there.

    Args:
        parameters: the student's trained tensors, still equal to the teacher's.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = list(parameters)
        self._originals = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def value(self) -> Tensor:
        """Give sum_p ||theta_p - theta~_p||_2 as a scalar tensor."""
        return self._norms(self._changes()).sum()

    @torch.no_grad()
    def add_gradient(self, beta: float) -> Tensor:
        """Add beta times the gradient to each `.grad`; give the distance as `value` does."""
        changes = self._changes()
        norms = self._norms(changes)
        scales = torch.where(norms > 0, beta / norms, torch.zeros_like(norms))
        torch._foreach_mul_(changes, list(scales.unbind()))
        gradients = [cast(Tensor, parameter.grad) for parameter in self._parameters]
        torch._foreach_add_(gradients, changes)
        return norms.sum()

    def _changes(self) -> list[Tensor]:
        return list(torch._foreach_sub(self._parameters, self._originals))

    @staticmethod
    def _norms(changes: list[Tensor]) -> Tensor:
        return torch.stack(list(torch._foreach_norm(changes)))
