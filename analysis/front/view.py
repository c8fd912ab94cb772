"""What the front of a search shows, before any format is chosen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.front.candidates import Candidate
from analysis.front.hypervolume import Reference, curve_of, reference_of, reference_text
from analysis.front.pareto import counts, front_of
from analysis.front.rules import KNEE, Choice, choose
from analysis.front.searched import Searched
from analysis.notes import sentence

_SPREAD = "Mean ± sample standard deviation over the seeds of the search ({})"
_FLATTERS = "the search chose on the same seeds, which flatters what it found"


@dataclass(frozen=True, kw_only=True)
class FrontView:
    """A search with what was found in it.

    Attributes:
        search: all that was asked for and tried.
        front: the best of the feasible candidates, by the first objective.
        choice: which of them a rule chose; None where there is none.
        reference: of the hypervolume.
        curve: the hypervolume after each candidate that has ended.
    """

    search: Searched
    front: tuple[Candidate, ...]
    choice: Choice | None
    reference: Reference
    curve: tuple[float, ...]

    @property
    def chosen(self) -> int | None:
        """The number of the candidate that was chosen."""
        return self.choice.candidate.number if self.choice else None

    @property
    def volume(self) -> float:
        """The hypervolume of the front."""
        return self.curve[-1] if self.curve else 0.0

    @property
    def caption(self) -> str:
        """What was asked for, how numbers are to be read, and by which rule one was chosen."""
        search = self.search
        described = [sentence(search.description)] if search.description.strip() else []
        goals = ", ".join(f"{goal.label} {goal.arrow}" for goal in search.goals)
        bounds = f"; feasible: mean {', '.join(b.text for b in search.bounds)}"
        return " ".join(
            [
                *described,
                f"Objectives: {goals}{bounds if search.bounds else ''}.",
                f"{_SPREAD.format(seeds_text(search.seeds))}; {_FLATTERS}.",
                *self.rule_sentences,
                *self.confirmation_sentences,
            ]
        )

    @property
    def rule_sentences(self) -> list[str]:
        """Say what was chosen and by which rule, where anything was."""
        return [f"◆ is {self.choice.text}."] if self.choice else []

    @property
    def confirmation_sentences(self) -> list[str]:
        """Say which seeds are kept for confirmation, and whether the search has used them."""
        kept = self.search.confirmation_seeds
        if not kept:
            return []
        used = sorted(set(kept) & set(self.search.seeds))
        seeds = seeds_text(kept)
        if used:
            return [f"Of the seeds for confirmation ({seeds}) the search used {seeds_text(used)}."]
        return [f"Seeds {seeds} are kept for confirmation: the search used none of them."]

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what became of the candidates, what the front has won, and what is missing."""
        search = self.search
        known = [each for each in search.candidates if counts(each, search.goals)]
        return (
            f"{self._states()}. {len(known)} are feasible, and {len(self.front)} of them are on "
            "the front: no other one is better in an objective without being worse in another.",
            f"Hypervolume {self.volume:.4f} of 1, from {reference_text(self.reference)}.",
            *self._without_numbers(),
        )

    def _states(self) -> str:
        found = Counter(each.state for each in self.search.candidates)
        said = [f"{number} {state}" for state, number in found.items() if state != "complete"]
        rest = f" ({', '.join(said)})" if said else ""
        return f"{found['complete']} of {self.search.num_asked} candidates are complete{rest}"

    def _without_numbers(self) -> list[str]:
        goals = self.search.goals
        feasible = [c for c in self.search.candidates if c.state == "complete" and c.feasible]
        lost = [str(each.number) for each in feasible if not counts(each, goals)]
        return [f"Not on the front for want of a number: {', '.join(lost)}."] if lost else []


def view_of(search: Searched, rule: str = KNEE, reference: Reference | None = None) -> FrontView:
    """Find the front of a search and choose a candidate of it.

    Args:
        search: whatever it has tried so far.
        rule: see `analysis.front.rules.choose`.
        reference: of the hypervolume; that of the search itself if left out.

    Raises:
        UserError: there is no such rule.
    """
    front = front_of(search.candidates, search.goals)
    chosen = reference or reference_of([search])
    ended = [each for each in search.candidates if each.state != "running"]
    return FrontView(
        search=search,
        front=front,
        choice=choose(front, search.goals, rule),
        reference=chosen,
        curve=tuple(curve_of(ended, chosen)),
    )


def seeds_text(seeds: Sequence[int]) -> str:
    """List seeds, neighbours as a range: `0-2, 5`."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
