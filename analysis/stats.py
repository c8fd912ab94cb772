"""The tests and intervals behind a table, vectorised over its cells.

They are written out in numpy and held against `scipy.stats` in the tests: importing that takes
seconds, several times as long as making all tables of the paper.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
"""Of intervals, two-sided."""
LEVEL = 0.05
"""Of tests, and of the false discovery rate."""
MIN_PAIRS = 6
"""The least number of pairs with which a sign-flip test can reach `LEVEL`: its least p value is
2 / 2**6 = 0.03."""

_MAX_ENUMERATED = 12
_NUM_DRAWS = 9_999
_NUM_RESAMPLES = 2_000
_MAX_MEANS = 4_000_000
_SEED = 0
# Sums that are equal but for the order of their terms count as equal.
_TOLERANCE = 1e-9
_NO_SPREAD = 1e-9


class Sample(NamedTuple):
    """What a test of means needs to know of a sample: mean, standard deviation (ddof = 1), size."""

    mean: float
    std: float
    n: int


def sign_flip(differences: Floats) -> Floats:
    """Test in each row that paired differences are centred at zero.

    If regularization changed nothing, each seed's difference would be as likely with the other
    sign. The p value is the share of sign assignments whose mean is at least as far from zero as
    the one found: all 2**k of them for up to 12 pairs, else those of a seeded draw, with the one
    found among them (Fisher's randomization test; Phipson and Smyth 2010 on the draw).

    Args:
        differences: finite, of shape (cells, pairs), two pairs at least.

    Returns:
        Two-sided p values, one for each cell; 1 where all differences are zero.
    """
    num_pairs = differences.shape[1]
    signs = _signs(num_pairs)
    found = np.abs(differences.sum(axis=1))
    tolerance = _TOLERANCE * np.abs(differences).sum(axis=1)
    as_far = np.abs(differences @ signs.T) >= (found - tolerance)[:, None]
    if num_pairs <= _MAX_ENUMERATED:
        return np.asarray(as_far.mean(axis=1), dtype=np.float64)
    return np.asarray((as_far.sum(axis=1) + 1) / (len(signs) + 1), dtype=np.float64)


def _signs(num_pairs: int) -> Floats:
    """Give assignments of signs, of shape (assignments, pairs)."""
    if num_pairs > _MAX_ENUMERATED:
        drawn = np.random.default_rng(_SEED).integers(0, 2, size=(_NUM_DRAWS, num_pairs))
        return np.where(drawn, -1.0, 1.0)
    # All signs turned give the same distance from zero: the last one stays as it is.
    assignments = np.arange(2 ** (num_pairs - 1))[:, None] >> np.arange(num_pairs)
    return np.where(assignments & 1, -1.0, 1.0)


def discoveries(p_values: Floats, rate: float = LEVEL) -> NDArray[np.bool_]:
    """Say which of several tests hold at a false discovery rate (Benjamini and Hochberg 1995).

    Args:
        p_values: of all tests of a family.
        rate: the share of false ones expected among those that hold.
    """
    order = np.argsort(p_values)
    below = p_values[order] <= rate * np.arange(1, len(order) + 1) / max(len(order), 1)
    holds = np.zeros(len(order), dtype=np.bool_)
    holds[order[: int(np.flatnonzero(below)[-1]) + 1 if below.any() else 0]] = True
    return holds


def bootstrap(values: Floats) -> Floats:
    """Give percentile bootstrap intervals of each row's mean (Efron 1979).

    With few seeds they are too narrow, as all bootstrap intervals are; with two they span the two.

    Args:
        values: finite, of shape (cells, seeds).

    Returns:
        Lower and upper ends, of shape (cells, 2), the same whenever they are computed.
    """
    num_seeds = values.shape[1]
    shares = np.full(num_seeds, 1 / num_seeds)
    generator = np.random.default_rng(_SEED)
    weights = generator.multinomial(num_seeds, shares, size=_NUM_RESAMPLES) / num_seeds
    tails = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    num_chunks = -(-len(values) * _NUM_RESAMPLES // _MAX_MEANS)
    chunks = np.array_split(values, max(num_chunks, 1))
    ends = [np.quantile(chunk @ weights.T, tails, axis=1).T for chunk in chunks]
    return np.concatenate(ends)


def wilson(counts: Floats, totals: Floats) -> Floats:
    """Give Wilson's intervals of shares (Wilson 1927).

    Args:
        counts: people of whom something holds, for each cell.
        totals: all people asked about, likewise, one at least.

    Returns:
        Lower and upper ends, of shape (cells, 2).
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = counts / totals
    centre = share + z**2 / (2 * totals)
    half = z * np.sqrt(share * (1 - share) / totals + z**2 / (4 * totals**2))
    ends = np.stack([centre - half, centre + half], axis=1) / (1 + z**2 / totals)[:, None]
    return np.asarray(np.clip(ends, 0.0, 1.0))


def has_spread(samples: Sequence[Sample]) -> bool:
    """Say whether t-tests can tell samples apart: two values each, not all of them the same."""
    return all(s.n > 1 for s in samples) and any(s.std > _NO_SPREAD for s in samples)


def welch(ours: Sample, theirs: Sample) -> float | None:
    """Test that two means are equal, without assuming equal variances (Welch 1947).

    Returns:
        The two-sided p value; None where neither side varies or one has a single value.
    """
    if not has_spread((ours, theirs)):
        return None
    error, degrees = _standard_error(ours, theirs)
    return 2 * _t_below(-abs(ours.mean - theirs.mean) / error, degrees)


def tost(ours: Sample, theirs: Sample, margin: float) -> float | None:
    """Test that two means differ by more than a margin, by two one-sided tests (Schuirmann 1987).

    Returns:
        The p value, small where the means are equivalent; None as in `welch`.
    """
    if not has_spread((ours, theirs)):
        return None
    error, degrees = _standard_error(ours, theirs)
    return _t_below((abs(ours.mean - theirs.mean) - margin) / error, degrees)


def _standard_error(ours: Sample, theirs: Sample) -> tuple[float, float]:
    """Give that of the difference of two means, and its degrees of freedom (Satterthwaite 1946)."""
    variances = [sample.std**2 / sample.n for sample in (ours, theirs)]
    parts = [v**2 / (s.n - 1) for v, s in zip(variances, (ours, theirs), strict=True)]
    return math.sqrt(sum(variances)), sum(variances) ** 2 / sum(parts)


def _t_below(value: float, degrees: float) -> float:
    """Give the probability that Student's t is below a value."""
    from scipy.special import stdtr  # type: ignore[import-untyped]

    return float(stdtr(degrees, value))
