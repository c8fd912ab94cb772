"""What a search asks for: objectives, constraints, and by which metric it prunes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from analysis.front.searched import Bound, Goal
from trainables.config import IMAGE_PREFIX
from trainables.errors import UserError, did_you_mean
from trainables.metrics import CURVE_METRICS, METRICS, find_metric, metrics_of

Pruner = Literal["asha", "median"]
_DIRECTIONS = ("minimize", "maximize")
_BOUNDS = {"min": "low", "max": "high"}
_WHILE_TRAINING = tuple(name for name in CURVE_METRICS if name != "learning_rate")
_PRUNE_METRICS = (*_WHILE_TRAINING, *(IMAGE_PREFIX + name for name in _WHILE_TRAINING))


@dataclass(frozen=True, kw_only=True)
class Prune:
    """When a trial that does worse than others is stopped.

    Attributes:
        metric: what trials report while they train, of `CURVE_METRICS`.
        by: ASHA, or the median of the others at the same step.
    """

    metric: str
    by: Pruner

    @property
    def maximize(self) -> bool:
        """Tell whether more of the metric is better: of cosines, not of losses and distances."""
        return self.metric.removeprefix(IMAGE_PREFIX).startswith("val_sim_")


def read_objectives(given: Any, source: str) -> tuple[Goal, ...]:
    """Read the objectives of a spec, each a metric or a mapping of metric and direction.

    Raises:
        UserError: there is none, or one is unknown, doubled or without direction.
    """
    if not isinstance(given, list) or not given:
        raise UserError(
            f"{source}: objectives is {given!r}: give a list of metrics, "
            "such as [others_tpr, sim_clean]."
        )
    goals = tuple(_goal(each, source) for each in given)
    seen: set[str] = set()
    for goal in goals:
        if goal.metric in seen:
            raise UserError(f"{source}: objectives holds {goal.metric!r} twice.")
        seen.add(goal.metric)
    return goals


def read_constraints(given: Mapping[str, Any], source: str) -> tuple[Bound, ...]:
    """Read the constraints of a spec: by metric the least and the greatest mean that is feasible.

    Raises:
        UserError: a metric is unknown, or its bounds are missing, wrong, or exclude each other.
    """
    return tuple(_bound(metric, ends, source) for metric, ends in given.items())


def read_prune(given: Any, num_objectives: int, source: str) -> Prune | None:
    """Read by what a search prunes; None if it does not.

    Raises:
        UserError: the metric or the way is unknown, or there are several objectives.
    """
    if given is None:
        return None
    fields = _mapping(given, ("metric", "by"), "prune", source)
    if num_objectives > 1:
        raise UserError(
            f"{source}: prune needs a single objective, and there are {num_objectives}: a search "
            "with several objectives does not prune, since none of them tells early which trial "
            "is worse; leave it out."
        )
    metric, by = str(fields.get("metric")), str(fields.get("by"))
    if metric not in _PRUNE_METRICS:
        raise UserError(
            f"{source}: unknown metric {metric!r} under prune: "
            f"{did_you_mean(metric, _PRUNE_METRICS)}"
        )
    if by not in get_args(Pruner):
        raise UserError(f"{source}: prune by {by!r}: {did_you_mean(by, get_args(Pruner))}")
    return Prune(metric=metric, by=cast(Pruner, by))


def check_measured(
    metrics: Iterable[str], prune: Prune | None, encoders: Iterable[str], source: str
) -> None:
    """Refuse a metric that trials of one of the encoders do not have.

    Raises:
        UserError: see above.
    """
    for encoder in encoders:
        measured = metrics_of(encoder)
        for metric in metrics:
            is_table = metric in METRICS and metric != "energy_j"
            if is_table and metric not in measured:
                raise _not_measured(metric, encoder, source)
        if prune and prune.metric.startswith(IMAGE_PREFIX) and encoder != "both":
            raise _not_measured(prune.metric, encoder, source)


def _goal(given: Any, source: str) -> Goal:
    fields = {"metric": given} if isinstance(given, str) else given
    fields = _mapping(fields, ("metric", "direction"), "an objective", source)
    metric = _known(fields.get("metric"), "objectives", source)
    higher_is_better = METRICS[metric.rpartition("/")[2]].higher_is_better
    direction = fields.get("direction")
    if direction is not None and direction not in _DIRECTIONS:
        raise UserError(
            f"{source}: direction {direction!r} of objective {metric!r} is wrong: "
            f"{did_you_mean(str(direction), _DIRECTIONS)}"
        )
    if direction is None and higher_is_better is None:
        raise UserError(
            f"{source}: objective {metric!r} is better neither high nor low: give its direction, "
            f"as in {{metric: {metric}, direction: minimize}}."
        )
    maximize = direction == "maximize" if direction else bool(higher_is_better)
    return Goal(metric=metric, maximize=maximize)


def _bound(metric: Any, given: Any, source: str) -> Bound:
    known = _known(metric, "constraints", source)
    if not isinstance(given, dict) or not given:
        raise UserError(
            f"{source}: constraint on {known!r} is {given!r}: give max or min, "
            f"as in {known}: {{max: 0}}."
        )
    ends = _mapping(given, tuple(_BOUNDS), f"the constraint on {known!r}", source)
    for end, value in ends.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise UserError(f"{source}: {end} {value!r} of constraint {known!r}: give a number.")
    bound = Bound(metric=known, **{_BOUNDS[end]: float(value) for end, value in ends.items()})
    if bound.low is not None and bound.high is not None and bound.low > bound.high:
        raise UserError(
            f"{source}: constraint on {known!r} can never hold: min {bound.low:g} is above max "
            f"{bound.high:g}."
        )
    return bound


def _known(metric: Any, key: str, source: str) -> str:
    if not isinstance(metric, str) or find_metric(metric) is None:
        raise UserError(
            f"{source}: unknown metric {metric!r} under {key}: {did_you_mean(str(metric), METRICS)}"
        )
    return metric


def _mapping(given: Any, keys: tuple[str, ...], what: str, source: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise UserError(f"{source}: {what} is {given!r}: give a mapping of {' and '.join(keys)}.")
    for key in given:
        if key not in keys:
            raise UserError(
                f"{source}: unknown key {key!r} in {what}: {did_you_mean(str(key), keys)}"
            )
    return given


def _not_measured(metric: str, encoder: str, source: str) -> UserError:
    return UserError(
        f"{source}: metric {metric!r} is not measured when encoder is {encoder}: take another."
    )
