"""Candidates -> the front: those that no other one beats."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.front.candidates import Candidate
from analysis.front.searched import Goal

Losses = NDArray[np.float64]


def front_of(candidates: Sequence[Candidate], goals: Sequence[Goal]) -> tuple[Candidate, ...]:
    """Give the feasible candidates that no other feasible one dominates.

    One dominates another if it is nowhere worse and somewhere better: of equal ones all stay.

    Args:
        candidates: of a search, in any state.
        goals: its objectives, at least one.

    Returns:
        The front, from the best to the worst of the first objective; of equal ones the earlier
        candidate first.
    """
    known = [candidate for candidate in candidates if counts(candidate, goals)]
    is_on_front = ~is_dominated(losses(known, goals))
    found = [each for each, is_on in zip(known, is_on_front, strict=True) if is_on]
    rows = {each.number: tuple(row) for each, row in zip(found, losses(found, goals), strict=True)}
    return tuple(sorted(found, key=lambda each: (rows[each.number], each.number)))


def counts(candidate: Candidate, goals: Sequence[Goal]) -> bool:
    """Say whether a candidate is feasible, with a number for each objective."""
    values = (candidate.mean.get(goal.metric, math.nan) for goal in goals)
    is_judged = candidate.state == "complete" and candidate.feasible
    return is_judged and all(map(math.isfinite, values))


def losses(candidates: Sequence[Candidate], goals: Sequence[Goal]) -> Losses:
    """Give the objectives with the signs by which less is better.

    Returns:
        (num_candidates, num_goals).
    """
    rows = [
        [-each.mean[goal.metric] if goal.maximize else each.mean[goal.metric] for goal in goals]
        for each in candidates
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(goals))


def is_dominated(points: Losses) -> NDArray[np.bool_]:
    """Say of each point whether another one dominates it.

    Args:
        points: (num_points, num_goals); less is better.

    Returns:
        (num_points,).
    """
    nowhere_worse = (points[:, None] <= points[None]).all(axis=2)
    somewhere_better = (points[:, None] < points[None]).any(axis=2)
    return np.asarray((nowhere_worse & somewhere_better).sum(axis=0) > 0)
