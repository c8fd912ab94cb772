"""How much each parameter decides, by Optuna's default evaluator; nothing in it is random.

PED-ANOVA (Watanabe et al., 2023; of conditional parameters 2026) asks which parameters set the best
tenth of the candidates (and all as good as its last) apart, for each metric by itself. It looks at
all complete candidates, feasible or not.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.front.candidates import Candidate
from analysis.front.searched import Goal, Scale
from analysis.settings import value_text

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

MIN_CANDIDATES = 20
"""Of fewer, the best tenth is a single one."""
ENOUGH_CANDIDATES = 50
"""Of these the best tenth has five, the least that Optuna advises."""
BEST_SHARE = 0.1
"""What the evaluator calls its target quantile."""


def importances_of(
    study: "Study", candidates: Sequence[Candidate], goals: Sequence[Goal]
) -> dict[str, dict[str, float]]:
    """Say for each metric how much each parameter decides of it.

    Args:
        study: whose trials have the numbers of the candidates.
        candidates: with the metrics.
        goals: the metrics and what is best of them: the objectives, and maybe constraints.

    Returns:
        By metric, by parameter from the most to the least: shares that add up to 1. A metric is
        left out where fewer than `MIN_CANDIDATES` have it, or where so many are best that no
        parameter sets them apart.
    """
    found = {}
    for goal in goals:
        losses = _losses(candidates, goal)
        if is_telling(list(losses.values())) and (shares := _shares(study, losses)):
            found[goal.metric] = shares
    return found


def is_telling(losses: Sequence[float]) -> bool:
    """Say whether the best tenth of so many losses is a part of them only, ties included."""
    if len(losses) < MIN_CANDIDATES:
        return False
    last = sorted(losses)[math.ceil(BEST_SHARE * len(losses)) - 1]
    return max(losses) > last


def _losses(candidates: Sequence[Candidate], goal: Goal) -> dict[int, float]:
    sign = -1.0 if goal.maximize else 1.0
    return {
        each.number: sign * each.mean[goal.metric]
        for each in candidates
        if each.state == "complete" and math.isfinite(each.mean.get(goal.metric, math.nan))
    }


def _shares(study: "Study", losses: dict[int, float]) -> dict[str, float]:
    from optuna.importance import get_param_importances

    def loss(trial: "FrozenTrial") -> float:
        return losses.get(trial.number, math.nan)

    with warnings.catch_warnings():
        # It reminds of the direction of any target, and that what is not normalised may change.
        warnings.simplefilter("ignore")
        found = get_param_importances(study, target=loss, normalize=False)
    total = sum(found.values())
    return {name: share / total for name, share in found.items()} if total > 0.0 else {}


def scales_of(distributions: "Mapping[str, BaseDistribution]") -> tuple[Scale, ...]:
    """Say what parameters range over, by the distributions that Optuna draws them from."""
    return tuple(
        Scale(
            name=name,
            low=getattr(distribution, "low", None),
            high=getattr(distribution, "high", None),
            log=getattr(distribution, "log", False),
            choices=tuple(shown(each) for each in getattr(distribution, "choices", ())),
        )
        for name, distribution in distributions.items()
    )


def shown(value: object) -> str:
    """Show the value of a parameter."""
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return value_text(value) if isinstance(value, str | int | float) else str(value)
