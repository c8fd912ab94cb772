"""Searches beside each other: whose front wins how much, from one point of reference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from statistics import mean, median, stdev

from analysis.front.hypervolume import Reference, reference_of, reference_text
from analysis.front.searched import Searched
from analysis.front.view import FrontView, seeds_text, view_of
from trainables.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Group:
    """Searches that repeat each other: nothing but the seed of their sampler differs.

    Attributes:
        name: what it is called: by its sampler, or by the first of its searches.
        searches: their names.
        volumes: their hypervolumes, by the sampler's seed.
    """

    name: str
    searches: tuple[str, ...]
    volumes: Mapping[int, float]

    @property
    def mean(self) -> float:
        """The mean over the repeats."""
        return mean(self.volumes.values())

    @property
    def std(self) -> float | None:
        """The sample standard deviation over the repeats; None of a single one."""
        return _std(list(self.volumes.values()))

    @property
    def median(self) -> float:
        """The median over the repeats."""
        return median(self.volumes.values())


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Two groups at the sampler seeds that both have.

    Attributes:
        one: whose hypervolume is looked at.
        other: what it is compared with.
    """

    one: Group
    other: Group

    @property
    def differences(self) -> dict[int, float]:
        """How much more hypervolume the first has than the other, by the sampler's seed."""
        common = sorted(self.one.volumes.keys() & self.other.volumes.keys())
        return {seed: self.one.volumes[seed] - self.other.volumes[seed] for seed in common}

    @property
    def more(self) -> list[int]:
        """At which seeds the first has more."""
        return [seed for seed, difference in self.differences.items() if difference > 0]

    @property
    def less(self) -> list[int]:
        """At which seeds the first has less."""
        return [seed for seed, difference in self.differences.items() if difference < 0]

    @property
    def text(self) -> str:
        """Say in how many repeats the first has more, and by how much on average."""
        found = list(self.differences.values())
        if not found:
            return f"{self.one.name} and {self.other.name} have no sampler seed in common."
        equal = len(found) - len(self.more) - len(self.less)
        rest = [f"less at {_of_seeds(self.less)}"] if self.less else []
        rest += [f"as much in {equal}"] if equal else []
        aside = f" ({', '.join(rest)})" if rest else ""
        return (
            f"{self.one.name} has more hypervolume than {self.other.name} in {len(self.more)} of "
            f"{_repeats(len(found))} of equal sampler seed{aside}; the mean difference "
            f"is {_spread_text(found)}."
        )


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Searches of the same objectives and constraints.

    Attributes:
        views: each measured from the same reference.
        reference: of the hypervolume.
        length: at how many candidates they are compared: those of the shortest.
    """

    views: tuple[FrontView, ...]
    reference: Reference
    length: int

    def volume(self, view: FrontView) -> float:
        """Give the hypervolume of a search at the length at which all are compared."""
        return view.curve[self.length - 1] if self.length else 0.0

    @cached_property
    def twins(self) -> list[str]:
        """The names of searches that nothing tells apart, not even the seed of their sampler."""
        known = {view.search.name: (*_kind(view), view.search.sampler_seed) for view in self.views}
        times = Counter(known.values())
        return [name for name, kind in known.items() if times[kind] > 1]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The searches by what they repeat; twins are no repeats, and each stands for itself."""
        found: dict[tuple[str, ...], list[FrontView]] = {}
        for view in self.views:
            key = (view.search.name,) if self.twins else _kind(view)
            found.setdefault(key, []).append(view)
        return tuple(
            Group(
                name=views[0].search.sampler if self.is_by_sampler else views[0].search.name,
                searches=tuple(view.search.name for view in views),
                volumes={view.search.sampler_seed: self.volume(view) for view in views},
            )
            for views in found.values()
        )

    @property
    def is_by_sampler(self) -> bool:
        """Whether the searches differ in nothing but the sampler and its seed."""
        return not self.twins and len({view.search.setup for view in self.views}) == 1

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """Each group against each later one; none where twins stand for themselves."""
        if self.twins:
            return ()
        return tuple(Pairs(one=one, other=other) for one, other in combinations(self.groups, 2))

    def group_of(self, view: FrontView) -> str:
        """Name the group of a search."""
        return next(group.name for group in self.groups if view.search.name in group.searches)

    @property
    def caption(self) -> str:
        """How they are compared."""
        called = "sampler" if self.is_by_sampler else "first search"
        grouped = (
            "Searches that differ only in name and sampler seed are repeats of one group, named by "
            f"its {called}. "
        )
        return (
            f"Hypervolume after {self.length} candidates of each search, from "
            f"{reference_text(self.reference)} to the best that is possible or was seen; all of "
            f"it is 1. Infeasible candidates count nothing. {'' if self.twins else grouped}"
        ).rstrip()

    @property
    def notes(self) -> tuple[str, ...]:
        """Which group has more in how many repeats, and what makes the comparison weaker."""
        return (*(pairs.text for pairs in self.pairs), *self._cautions())

    def _cautions(self) -> list[str]:
        found = []
        if self.twins:
            found.append(
                f"The same sampler and seed: {', '.join(self.twins)}; so no search counts as a "
                "repeat."
            )
        elif not self.is_by_sampler:
            found.append("The groups differ in more than the sampler.")
        num_short = sum(len(view.curve) < view.search.num_asked for view in self.views)
        if num_short:
            searches = f"{num_short} of {len(self.views)} searches"
            found.append(f"Not all candidates that were asked for: {searches}.")
        return found


def contest_of(searches: Sequence[Searched]) -> Contest:
    """Measure searches from one point of reference.

    Raises:
        UserError: they differ in objectives, constraints or seeds.
    """
    first, *others = searches
    for other in others:
        for what, words in _WORDS.items():
            if getattr(other, what) != getattr(first, what):
                raise UserError(
                    f"{first.name} and {other.name} cannot be compared: their {words} differ."
                )
    reference = reference_of(searches)
    views = tuple(view_of(search, reference=reference) for search in searches)
    return Contest(views=views, reference=reference, length=min(len(v.curve) for v in views))


_WORDS = {"goals": "objectives", "bounds": "constraints", "seeds": "seeds"}


def _kind(view: FrontView) -> tuple[str, ...]:
    return view.search.setup, view.search.sampler


def _spread_text(values: Sequence[float]) -> str:
    std = _std(values)
    spread = "" if std is None else f" ± {std:.4f} (sample standard deviation)"
    return f"{mean(values):.4f}{spread}"


def _std(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None


def _of_seeds(seeds: Sequence[int]) -> str:
    return f"seed{'' if len(seeds) == 1 else 's'} {seeds_text(seeds)}"


def _repeats(number: int) -> str:
    return f"{number} repeat{'' if number == 1 else 's'}"
