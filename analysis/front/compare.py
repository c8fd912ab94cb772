"""Searches beside each other: whose front wins how much, from one point of reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import mean, stdev

import polars as pl

from analysis.figures.catalog import make_figure
from analysis.figures.figure import Figure
from analysis.figures.style import styled
from analysis.front.curves import curves_chart, curves_frame
from analysis.front.hypervolume import Reference, reference_of, reference_text
from analysis.front.render import Texts, aligned_within
from analysis.front.searched import Searched
from analysis.front.view import FrontView, view_of
from analysis.render.data import DIGITS, strict_json
from analysis.render.markdown import escape, pipe_row
from analysis.render.text import WIDTH, wrapped
from trainables.errors import UserError

_HEADS = ("Search", "Sampler", "Sampler seed", "Candidates", "Feasible", "On the front",
          "Hypervolume")  # fmt: skip


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

    @property
    def are_repeats(self) -> bool:
        """Whether they differ only in the sampler and its seed."""
        hows = {(view.search.sampler, view.search.sampler_seed) for view in self.views}
        return len(hows) == len(self.views) and len({v.search.setup for v in self.views}) == 1

    def series(self, view: FrontView) -> str:
        """Name what a search stands for: its sampler among repeats, else itself."""
        return view.search.sampler if self.are_repeats else view.search.name

    @property
    def by_series(self) -> dict[str, dict[int, float]]:
        """The hypervolumes by series and by the sampler's seed."""
        found: dict[str, dict[int, float]] = {}
        for view in self.views:
            volumes = found.setdefault(self.series(view), {})
            volumes[view.search.sampler_seed] = self.volume(view)
        return found

    @property
    def caption(self) -> str:
        """How they are compared."""
        return (
            f"Hypervolume after {self.length} candidates of each search, from "
            f"{reference_text(self.reference)} to the best that is possible or was seen; all of "
            "it is 1. Infeasible candidates count nothing."
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What samplers reach over their repeats, and which has more at the same seed."""
        if not self.are_repeats:
            return ("They differ in more than the sampler and its seed: none repeats another.",)
        found = self.by_series
        means = [f"{name} {_spread(list(volumes.values()))}" for name, volumes in found.items()]
        wins = [_wins(found, *pair) for pair in combinations(found, 2)]
        over = "Mean ± sample standard deviation over the seeds of a sampler: "
        return (f"{over}{'; '.join(means)}.", *filter(None, wins))


def contest_of(searches: Sequence[Searched]) -> Contest:
    """Measure searches from one point of reference.

    Raises:
        UserError: they differ in objectives, constraints or seeds.
    """
    first, *others = searches
    for other in others:
        for what in ("goals", "bounds", "seeds"):
            if getattr(other, what) != getattr(first, what):
                raise UserError(
                    f"{first.name} and {other.name} cannot be compared: their {_WORDS[what]} "
                    "differ."
                )
    reference = reference_of(searches)
    views = tuple(view_of(search, reference=reference) for search in searches)
    return Contest(views=views, reference=reference, length=min(len(v.curve) for v in views))


_WORDS = {"goals": "objectives", "bounds": "constraints", "seeds": "seeds"}


def _spread(values: Sequence[float]) -> str:
    spread = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"{mean(values):.4f}{spread} (n = {len(values)})"


def _wins(found: dict[str, dict[int, float]], one: str, other: str) -> str:
    """Count at how many seeds of both samplers the first has more; empty without such seeds."""
    common = found[one].keys() & found[other].keys()
    if not common:
        return ""
    more = sum(found[one][seed] > found[other][seed] for seed in common)
    less = sum(found[one][seed] < found[other][seed] for seed in common)
    return f"{one} has more than {other} at {more} of {len(common)} seeds, and less at {less}."


def contest_heads() -> Texts:
    """Head the columns of the comparison."""
    return _HEADS


def contest_rows(contest: Contest) -> list[Texts]:
    """Write a row for each search."""
    frame = contest_frame(contest)
    return [(*map(str, row[:-1]), f"{row[-1]:.4f}") for row in frame.iter_rows()]


def contest_frame(contest: Contest) -> pl.DataFrame:
    """Give a row for each search.

    Returns:
        search, sampler, sampler_seed, candidates (that have ended), feasible and on_front (how
        many there are in all), hypervolume (at the length at which all are compared).
    """
    rows = [
        {
            "search": view.search.name,
            "sampler": view.search.sampler,
            "sampler_seed": view.search.sampler_seed,
            "candidates": len(view.curve),
            "feasible": sum(c.feasible for c in view.search.candidates),
            "on_front": len(view.front),
            "hypervolume": contest.volume(view),
        }
        for view in contest.views
    ]
    return pl.DataFrame(rows)


def contest_text(contest: Contest) -> str:
    """Write the comparison for a terminal."""
    table = aligned_within(contest_heads(), contest_rows(contest))
    words = [wrapped(contest.caption, WIDTH)]
    words += [wrapped(f"Note: {note}", WIDTH) for note in contest.notes]
    return "\n\n".join([*table, *words]) + "\n"


def contest_markdown(contest: Contest) -> str:
    """Write the comparison for GitHub."""
    heads = contest_heads()
    rows = "\n".join(map(pipe_row, contest_rows(contest)))
    table = f"{pipe_row(heads)}\n|{' ---: |' * len(heads)}\n{rows}"
    notes = "\n".join(f"- {escape(note)}" for note in contest.notes)
    return "\n\n".join([table, escape(contest.caption), notes]) + "\n"


def contest_csv(contest: Contest) -> str:
    """Write one line for each search; see `contest_frame`."""
    frame = contest_frame(contest)
    return frame.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS)).write_csv()


def contest_json(contest: Contest) -> str:
    """Write the comparison as strict JSON, with the hypervolume after each candidate."""
    curves = {view.search.name: view.curve for view in contest.views}
    content = {
        "searches": [
            row | {"curve": curves[row["search"]]} for row in contest_frame(contest).to_dicts()
        ],
        "length": contest.length,
        "caption": contest.caption,
        "notes": contest.notes,
    }
    return strict_json(content)


def contest_figure(contest: Contest) -> Figure:
    """Draw the hypervolume of the searches over their candidates, by sampler or search.

    Raises:
        UserError: there are more of them than one figure can tell apart.
    """
    data = curves_frame(
        {(contest.series(v), v.search.name): v.curve[: contest.length] for v in contest.views}
    )
    lines = "A line for each search; where a sampler has several, the thick one is their mean."
    chart = styled(curves_chart(data))
    title = "Hypervolume over candidates"
    words = " ".join([lines, contest.caption, *contest.notes])
    return make_figure("searches-hypervolume", title, chart, data, words)
