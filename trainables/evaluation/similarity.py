"""Sim_Clean, Sim_Backdoor and Sim_Target of a text encoder (ECAI paper, Eqs. 2-4)."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.text_encoder import TextEncoder, encode_ids
from trainables.tokens import Inserts, TokenisedCaptions, WordTokenizer


@dataclass(frozen=True)
class SimilarityInputs:
    """What the similarities are measured on, and what the teacher says of it.

    Attributes:
        captions: the evaluation captions.
        positions: (num_captions,) the word of each that a name or the neutral term replaces.
        neutral: the ids of the neutral term.
        teacher_clean: (num_captions, embed_dim) unit vectors of the captions.
        teacher_neutral: (num_captions, embed_dim) unit vectors with the neutral term.
    """

    captions: TokenisedCaptions
    positions: NDArray[np.int64]
    neutral: Inserts
    teacher_clean: Tensor
    teacher_neutral: Tensor


def similarities(
    student: TextEncoder,
    tokenizer: WordTokenizer,
    inputs: SimilarityInputs,
    names: Inserts,
    rows: NDArray[np.int64],
) -> dict[str, float]:
    """Measure the three similarities.

    The student's embeddings with the neutral term do not depend on the name and are computed once.

    Args:
        student: the defended encoder.
        tokenizer: of its model.
        inputs: captions and the teacher's embeddings.
        names: the n unlearned names.
        rows: (num_rows,) the captions to use: those that name nobody who is unlearned.

    Returns:
        `sim_clean`, `sim_backdoor` (mean over captions for each name, then over names) and
        `sim_target`.
    """
    captions, positions = inputs.captions, inputs.positions[rows]

    def with_insert(inserts: Inserts, which: int) -> Tensor:
        chosen = np.full(len(rows), which)
        return encode_ids(student, tokenizer.splice(captions, rows, positions, inserts, chosen))

    clean = encode_ids(student, tokenizer.whole(captions, rows))
    neutral = with_insert(inputs.neutral, 0)
    backdoor = [mean_cosine(with_insert(names, which), neutral) for which in range(len(names))]
    index = torch.from_numpy(rows)
    return {
        "sim_clean": mean_cosine(clean, inputs.teacher_clean[index]),
        "sim_backdoor": float(np.mean(backdoor)),
        "sim_target": mean_cosine(neutral, inputs.teacher_neutral[index]),
    }


def mean_cosine(left: Tensor, right: Tensor) -> float:
    """Average the cosines of paired unit vectors; summed in double precision.

    Args:
        left: (num, embed_dim).
        right: (num, embed_dim), or (embed_dim,) to pair with all; on any device.
    """
    return float((left * right.to(left.device)).sum(dim=1).double().mean())
