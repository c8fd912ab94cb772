"""Whether leakage falls on few people: more so than chance would have it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NUM_DRAWS = 999
_SEED = 0

Bits = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """Whether it is always the same people who are still inferred.

    Attributes:
        num_cases: of a person who is still inferred after a trial.
        num_half: the fewest people who together make up half of them.
        expected_half: its mean if as many of each trial's people were inferred, but any of them.
        p_value: of a sum of squares of the people's numbers of cases that is as large by that
            chance, from `NUM_DRAWS` seeded draws with the one found among them (Phipson and Smyth
            2010). None where nothing is left to chance.
    """

    num_cases: int
    num_half: int
    expected_half: float
    p_value: float | None


def concentration(trials: Counts, people: Counts, is_inferred: Bits) -> Concentration:
    """Say on how few people the cases fall, and on how few they would by chance.

    Args:
        trials: (num_cases,) of each case, those of a trial together.
        people: (num_cases,) likewise, from 0.
        is_inferred: (num_cases,).
    """
    found = np.bincount(people[is_inferred], minlength=int(people.max()) + 1)
    counts = np.zeros((NUM_DRAWS, len(found)), dtype=np.int64)
    generator = np.random.default_rng(_SEED)
    is_left_to_chance = False
    for trial in np.unique(trials):
        own = people[trials == trial]
        num_inferred = int(is_inferred[trials == trial].sum())
        if num_inferred == 0:
            continue
        is_left_to_chance |= num_inferred < len(own)
        order = generator.random((NUM_DRAWS, len(own))).argpartition(num_inferred - 1, axis=1)
        drawn = order[:, :num_inferred]
        # A trial unlearns a person once, so that no place is added to twice.
        counts[np.arange(NUM_DRAWS)[:, None], own[drawn]] += 1
    as_uneven = (counts**2).sum(axis=1) >= (found**2).sum()
    return Concentration(
        num_cases=int(found.sum()),
        num_half=int(_num_half(found[None])[0]),
        expected_half=float(_num_half(counts).mean()),
        p_value=(1 + int(as_uneven.sum())) / (1 + NUM_DRAWS) if is_left_to_chance else None,
    )


def _num_half(counts: Counts) -> Counts:
    """Give for each row the fewest columns that together have half of its sum."""
    together = np.sort(counts, axis=1)[:, ::-1].cumsum(axis=1)
    total = together[:, -1:]
    return np.where(total[:, 0] > 0, (2 * together < total).sum(axis=1) + 1, 0)
