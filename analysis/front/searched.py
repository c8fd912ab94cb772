"""A search as its front is shown: what was asked for, and all that was tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.front.candidates import Candidate
from analysis.numbers import mean_text
from trainables.metrics import Metric, find_metric


@dataclass(frozen=True, kw_only=True)
class Goal:
    """An objective.

    Attributes:
        metric: its name in `trainables.metrics`.
        maximize: whether more of it is better.
    """

    metric: str
    maximize: bool

    @property
    def label(self) -> str:
        """Name it as tables do."""
        return metric_of(self.metric).label

    @property
    def arrow(self) -> str:
        """Point to where it is better."""
        return "↑" if self.maximize else "↓"


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A constraint on the mean of a metric.

    Attributes:
        metric: its name in `trainables.metrics`.
        low: the least that is feasible; None for no such bound.
        high: the most.
    """

    metric: str
    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        """Say what is feasible, such as `IDIA TPR at most 0.00%`."""
        metric = metric_of(self.metric)
        ends = (("at least", self.low), ("at most", self.high))
        said = [f"{how} {mean_text(end, metric.unit)}" for how, end in ends if end is not None]
        return f"{metric.label} {' and '.join(said)}"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What a parameter ranges over.

    Attributes:
        name: of the parameter.
        low: its least value; None of choices.
        high: its greatest value; None of choices.
        log: whether its values are drawn and shown by their logarithm.
        choices: where it has no order; empty of numbers.
    """

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Searched:
    """A search and its candidates.

    Attributes:
        name: of the search.
        description: one sentence, or nothing.
        sampler: who proposed the candidates.
        sampler_seed: of the sampler.
        goals: the objectives, in order.
        bounds: the constraints, in order.
        seeds: on which each candidate was judged.
        confirmation_seeds: kept for what is chosen.
        num_asked: how many candidates the search was asked for.
        scales: of the parameters, in order.
        candidates: by their numbers.
        setup: all that repeats of a search have in common, in whatever form.
        importances: by metric, how much each parameter decides of it, of 1 in all; see
            `analysis.front.importance`.
    """

    name: str
    description: str = ""
    sampler: str
    sampler_seed: int = 0
    goals: tuple[Goal, ...]
    bounds: tuple[Bound, ...] = ()
    seeds: tuple[int, ...]
    confirmation_seeds: tuple[int, ...] = ()
    num_asked: int
    scales: tuple[Scale, ...]
    candidates: tuple[Candidate, ...] = field(repr=False)
    setup: str = ""
    importances: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Name the objectives, and what is only constrained behind them."""
        names = (*(goal.metric for goal in self.goals), *(bound.metric for bound in self.bounds))
        return tuple(dict.fromkeys(names))


def metric_of(name: str) -> Metric:
    """Look up a metric that a search has named, and that was checked when it was read."""
    metric = find_metric(name)
    assert metric is not None, name
    return metric
