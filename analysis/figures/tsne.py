"""t-SNE that gives the same map each time, and the choice of what goes into it."""

import numpy as np
from numpy.typing import NDArray

PERPLEXITY = 30.0
"""About how many neighbours a point has; fewer in a small sample."""


def stratified(
    groups: NDArray[np.int64], num_rows: int, draws: np.random.Generator
) -> NDArray[np.intp]:
    """Draw rows, as many of each group as of any other as far as there are so many.

    Args:
        groups: (num_all_rows,).
        num_rows: at most.
        draws: what decides.

    Returns:
        The indices of different rows, in ascending order.
    """
    shuffled = draws.permutation(len(groups))
    grouped = np.argsort(groups[shuffled], kind="stable")
    _, starts, counts = np.unique(groups[shuffled][grouped], return_index=True, return_counts=True)
    # All groups' first rows come before their second ones, in the shuffled order.
    turns = np.arange(len(groups)) - np.repeat(starts, counts)
    chosen = grouped[np.lexsort((grouped, turns))[:num_rows]]
    rows: NDArray[np.intp] = np.sort(shuffled[chosen])
    return rows


def tsne(embeddings: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Lay embeddings out on a plane so that neighbours by cosine stay neighbours.

    Args:
        embeddings: (num_embeddings, embed_dim).
        seed: the same one gives the same plane.

    Returns:
        (num_embeddings, 2), in no unit.
    """
    # Both take a second or more to import, which only a map should pay.
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    method = TSNE(
        metric="cosine",
        init="pca",
        perplexity=min(PERPLEXITY, (len(embeddings) - 1) / 3),
        random_state=seed,
    )
    # Threads add up in an order of their own, and t-SNE makes large differences of small ones.
    with threadpool_limits(limits=1):
        plane: NDArray[np.float32] = method.fit_transform(embeddings)
    return plane
