"""How much a front has won: the exact hypervolume between it and a reference point.

Zitzler and Thiele, "Multiobjective Optimization Using Evolutionary Algorithms" (1998); computed by
slices as in While et al., "A Faster Algorithm for Calculating Hypervolume" (2006). Optuna's own is
not public, and the history that it draws has one point of reference for each study.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.front.candidates import Candidate
from analysis.front.pareto import Losses, counts, is_dominated, losses
from analysis.front.searched import Bound, Goal, Searched, metric_of
from analysis.numbers import mean_text

_TO_1 = ("share", "similarity")
_MARGIN = 0.1


@dataclass(frozen=True, kw_only=True)
class End:
    """What the hypervolume counts of an objective.

    Attributes:
        goal: the objective.
        worst: the coordinate of the reference point; what is no better counts nothing.
        best: where it counts in full.
        is_seen: whether an end is that of the candidates themselves, so that volumes can be
            compared only among the searches that it was taken from.
    """

    goal: Goal
    worst: float
    best: float
    is_seen: bool

    @property
    def text(self) -> str:
        """Name the coordinate, such as `95.00% Others' TPR`."""
        metric = metric_of(self.goal.metric)
        return f"{mean_text(self.worst, metric.unit)} {metric.label}"


Reference = tuple[End, ...]
"""A point that is worse than what counts, by objective."""


def reference_of(searches: Sequence[Searched]) -> Reference:
    """Choose the point of reference for searches of the same objectives and constraints.

    In each objective it lies at the worst that is feasible, else at the worst that is possible, of
    shares and similarities 0 or 1. Only where neither is known, as of seconds, it lies a tenth
    beyond the worst feasible candidate of all searches.
    """
    first = searches[0]
    candidates = [each for search in searches for each in search.candidates]
    known = [each for each in candidates if counts(each, first.goals)]
    return tuple(_end(goal, first.bounds, known) for goal in first.goals)


def reference_text(reference: Reference) -> str:
    """Name a point of reference, and what follows from how it was chosen."""
    words = f"the reference point {', '.join(end.text for end in reference)}"
    seen = [end.goal.label for end in reference if end.is_seen]
    if seen:
        words += f" (of {', '.join(seen)} a tenth beyond the worst feasible candidate)"
    return words


def _end(goal: Goal, bounds: Sequence[Bound], known: Sequence[Candidate]) -> End:
    values = [each.mean[goal.metric] for each in known] or [0.0]
    ends = (min(values), max(values))
    worst_seen, best_seen = ends if goal.maximize else ends[::-1]
    worst, best = _possible(goal)
    limits = [bound.low if goal.maximize else bound.high for bound in bounds
              if bound.metric == goal.metric]  # fmt: skip
    for limit in limits:
        # Where only the best is feasible, the reference point would coincide with it.
        if limit is not None and limit != best:
            worst = limit
    is_seen = worst is None or best is None
    best = best_seen if best is None else best
    worst = worst_seen + _MARGIN * (worst_seen - best) if worst is None else worst
    if worst == best:
        worst += -1.0 if goal.maximize else 1.0
    return End(goal=goal, worst=worst, best=best, is_seen=is_seen)


def _possible(goal: Goal) -> tuple[float | None, float | None]:
    """Give the worst and the best that a metric can be; None where there is no end."""
    unit = metric_of(goal.metric).unit
    low = None if unit == "loss" else 0.0
    high = 1.0 if unit in _TO_1 else None
    return (low, high) if goal.maximize else (high, low)


def curve_of(candidates: Sequence[Candidate], reference: Reference) -> list[float]:
    """Give the hypervolume after each candidate, as a share of what would count in full.

    Args:
        candidates: in the order of their numbers.
        reference: as `reference_of` chooses it.
    """
    goals = [end.goal for end in reference]
    front = np.empty((0, len(reference)))
    volume, found = 0.0, []
    for candidate in candidates:
        if counts(candidate, goals):
            point = scaled([candidate], reference)
            volume += _gain(point[0], front)
            front = np.concatenate([front, point])
            front = front[~is_dominated(front)]
        found.append(volume)
    return found


def scaled(candidates: Sequence[Candidate], reference: Reference) -> Losses:
    """Place candidates between what counts in full (0) and the reference point (1).

    Returns:
        (num_candidates, num_goals); what is beyond an end lies at it.
    """
    points = losses(candidates, [end.goal for end in reference])
    signs = np.array([-1.0 if end.goal.maximize else 1.0 for end in reference])
    worst = signs * [end.worst for end in reference]
    best = signs * [end.best for end in reference]
    placed: Losses = np.clip((points - best) / (worst - best), 0.0, 1.0)
    return placed


def _gain(point: Losses, front: Losses) -> float:
    """Give the volume that a point adds: its own, without what the front has of it already."""
    covered = np.maximum(front, point)
    covered = np.unique(covered[~is_dominated(covered)], axis=0)
    return float(np.prod(1.0 - point)) - hypervolume(covered)


def hypervolume(points: Losses) -> float:
    """Measure what points dominate of the unit cube, exactly.

    Args:
        points: (num_points, num_goals), in [0, 1]; less is better, and 1 is the reference.
    """
    if not len(points):
        return 0.0
    if points.shape[1] == 1:
        return 1.0 - float(points.min())
    ordered = points[np.argsort(points[:, -1], kind="stable")]
    heights = np.diff(ordered[:, -1], append=1.0)
    if points.shape[1] == 2:
        return float(heights @ (1.0 - np.minimum.accumulate(ordered[:, 0])))
    slices = ((i, height) for i, height in enumerate(heights) if height > 0.0)
    return sum(float(height) * hypervolume(ordered[: i + 1, :-1]) for i, height in slices)
