"""Which candidate of a front is chosen: by a rule with a name, printed in captions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.front.candidates import Candidate
from analysis.front.pareto import losses
from analysis.front.searched import Goal, metric_of
from trainables.errors import UserError, did_you_mean
from trainables.metrics import METRICS, find_metric

KNEE = "knee"
"""The rule that favours no objective."""
_KNEE = "the closest to the best of each objective, once each is scaled to its range over the front"
_BEST, _LEAST, _MOST = "best", "least", "most"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a rule chose.

    Attributes:
        candidate: of the front.
        rule: the rule's name.
        help: what it chooses, in words.
    """

    candidate: Candidate
    rule: str
    help: str

    @property
    def text(self) -> str:
        """Say which candidate it is and why, without a stop."""
        return f"candidate {self.candidate.number} by the rule {self.rule}: {self.help}"


def choose(front: Sequence[Candidate], goals: Sequence[Goal], rule: str) -> Choice | None:
    """Choose a candidate of a front; None where the front is empty.

    Of equal ones it is that which `knee` prefers, and of those the earlier one.

    Args:
        front: feasible candidates that do not dominate each other.
        goals: the objectives.
        rule: `knee`; `best-METRIC` of an objective; `least-METRIC` or `most-METRIC` of any metric
            that all of the front have; metrics with dashes, such as `least-trial-s`.

    Raises:
        UserError: there is no such rule.
    """
    rules = _metric_rules(front, goals)
    if rule != KNEE and rule not in rules:
        raise UserError(f"unknown rule {rule!r}: {_near(rule, goals, rules)}")
    if not front:
        return None
    metric, sign = rules.get(rule, ("", 1))
    first = [sign * each.mean[metric] for each in front] if metric else [0.0] * len(front)
    ranked = zip(first, distances(front, goals), front, strict=True)
    chosen = min(ranked, key=lambda each: (each[0], each[1], each[2].number))[2]
    return Choice(candidate=chosen, rule=rule, help=_help(metric, sign))


def distances(front: Sequence[Candidate], goals: Sequence[Goal]) -> list[float]:
    """Say how far each is from the ideal point, every objective scaled to its range."""
    points = losses(front, goals)
    ranges = np.ptp(points, axis=0)
    # An objective in which all are equal tells none apart.
    scaled = (points - points.min(axis=0)) / np.where(ranges > 0.0, ranges, 1.0)
    return [round(float(each), 12) for each in np.linalg.norm(scaled, axis=1)]


def _metric_rules(front: Sequence[Candidate], goals: Sequence[Goal]) -> dict[str, tuple[str, int]]:
    """Give the metric of each rule that has one, and the sign by which less is better."""
    measured = set(METRICS) if not front else _measured(front)
    found = {f"{_BEST}-{_dashed(goal.metric)}": goal for goal in goals}
    rules = {name: (goal.metric, -1 if goal.maximize else 1) for name, goal in found.items()}
    for metric in sorted(measured):
        rules[f"{_LEAST}-{_dashed(metric)}"] = (metric, 1)
        rules[f"{_MOST}-{_dashed(metric)}"] = (metric, -1)
    return rules


def _measured(front: Sequence[Candidate]) -> set[str]:
    each = ({name for name, value in c.mean.items() if math.isfinite(value)} for c in front)
    return {name for name in set.intersection(*each) if find_metric(name)}


def _near(rule: str, goals: Sequence[Goal], rules: dict[str, tuple[str, int]]) -> str:
    hint = did_you_mean(rule, [KNEE, *rules])
    if hint.startswith("did you mean"):
        return hint
    best = [f"{_BEST}-{_dashed(goal.metric)}" for goal in goals]
    return f"choose from {', '.join([KNEE, *best])}, least-METRIC and most-METRIC."


def _dashed(metric: str) -> str:
    return metric.replace("_", "-").replace("/", "-")


def _help(metric: str, sign: int) -> str:
    if not metric:
        return _KNEE
    return f"the {_LEAST if sign > 0 else _MOST} {metric_of(metric).label} of the front"
