"""What a search has tried, as data: a candidate is a setting judged on several seeds."""

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["complete", "failed", "pruned", "running"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A setting that a search has tried.

    Attributes:
        number: its place in the search, from 0.
        params: the values of the search's parameters; those whose condition does not hold are
            missing.
        mean: by metric, over the seeds; empty unless it is complete.
        std: by metric, the sample standard deviation over the seeds; missing for a single seed.
        n: on how many seeds it was judged.
        feasible: whether its means keep all constraints.
        state: what became of it.
    """

    number: int
    params: dict[str, Any]
    mean: dict[str, float] = field(default_factory=dict)
    std: dict[str, float] = field(default_factory=dict)
    n: int = 0
    feasible: bool = False
    state: State = "complete"
