"""Training a text encoder: token ids of all steps in, reports out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainables.config import TrialConfig
from trainables.text_encoder import TextEncoder, to_tensors
from trainables.tokens import Ids, lengths_of
from trainables.unlearning.loop import (
    StepEmbeddings,
    StepReport,
    optimise,
    trainable_parameters,
)


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


def unlearn_names(
    student: TextEncoder, batches: Batches, config: TrialConfig, report_every: int
) -> Iterator[StepReport]:
    """Train the student in place.

    Args:
        student: starts as a copy of the teacher; whole at every report and at the end, so that it
            can be evaluated then.
        batches: of all steps.
        config: of the trial of a text encoder.
        report_every: steps between two reports; the last step is always reported.

    Raises:
        TrialFailedError: the training diverged.
    """
    vocabulary = _restrict_vocabulary(student, batches)
    parameters = trainable_parameters(student)
    device = parameters[0].device
    clean_ids = vocabulary.narrow(batches.clean_ids)
    backdoor_ids = vocabulary.narrow(batches.backdoor_ids)
    num_clean, num_backdoor = config.clean_batch_size, config.backdoor_batch_size

    def embed(step: int) -> StepEmbeddings:
        clean = slice(step * num_clean, (step + 1) * num_clean)
        backdoor = slice(step * num_backdoor, (step + 1) * num_backdoor)
        found = _encode_together(student, [clean_ids[clean], backdoor_ids[backdoor]], device)
        return StepEmbeddings(
            student_clean=found[:num_clean],
            teacher_clean=batches.clean_targets[clean],
            student_backdoor=found[num_clean:],
            target=batches.backdoor_targets[backdoor],
        )

    for report in optimise(parameters, embed, config, report_every):
        narrow_embedding = student.token_embedding
        vocabulary.restore(student)
        yield report
        if report.step < config.num_steps:
            student.token_embedding = narrow_embedding


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
