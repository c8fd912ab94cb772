"""Mean cosines over all pairs, in closed form: the sum of a set's unit vectors tells them all.

In double precision throughout, since the sum over n embeddings holds n^2 pairs.
"""

import numpy as np
from numpy.typing import NDArray

from trainables.errors import UserError

Embeddings = NDArray[np.float32]
Vector = NDArray[np.float64]


def mean_pairwise_cosine(embeddings: Embeddings) -> float:
    """Give the mean cosine over all pairs of different rows.

    Args:
        embeddings: (num_embeddings, embed_dim); of any length but zero.

    Raises:
        UserError: there are fewer than two rows, or one without a direction.
    """
    num = len(embeddings)
    if num < 2:
        raise UserError(f"a mean pairwise cosine takes at least two embeddings, not {num}.")
    total = _sum_of_units(embeddings)
    return float((total @ total - num) / (num * (num - 1)))


def mean_cosine_between(left: Embeddings, right: Embeddings) -> float:
    """Give the mean cosine of a row of one set and a row of the other.

    Raises:
        UserError: a set is empty, or has a row without a direction.
    """
    if not (len(left) and len(right)):
        raise UserError("a mean cosine between two sets takes an embedding of each.")
    return float(_sum_of_units(left) @ _sum_of_units(right) / (len(left) * len(right)))


def cosines_within(
    embeddings: Embeddings, groups: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """Give the mean cosines over pairs of the same group, and over pairs of different ones.

    Args:
        embeddings: (num_embeddings, embed_dim).
        groups: (num_embeddings,).

    Returns:
        Either is None where there is no such pair.

    Raises:
        UserError: a row has no direction.
    """
    labels, counts = np.unique(groups, return_counts=True)
    totals = np.array([_sum_of_units(embeddings[groups == label]) for label in labels])
    num, num_same = len(embeddings), int((counts * (counts - 1)).sum())
    within = float((totals**2).sum())
    total = totals.sum(axis=0)
    num_different = num * (num - 1) - num_same
    same = (within - num) / num_same if num_same else None
    different = (float(total @ total) - within) / num_different if num_different else None
    return same, different


def _sum_of_units(embeddings: Embeddings) -> Vector:
    # einsum works through buffers: no copy of all embeddings in double precision is made.
    norms: Vector = np.sqrt(np.einsum("nd,nd->n", embeddings, embeddings, dtype=np.float64))
    if not np.all(np.isfinite(norms) & (norms > 0)):
        raise UserError("an embedding is zero or not a number, so that it has no cosine.")
    total: Vector = np.einsum("n,nd->d", 1 / norms, embeddings, dtype=np.float64)
    return total
