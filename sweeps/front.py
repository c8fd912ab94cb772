"""The front of searches that the command line shows; what draws is imported where it is needed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.files import write_file
from analysis.front.compare import Contest, contest_of
from analysis.front.compare_render import CONTEST_FORMATS
from analysis.front.importance import importances_of, scales_of
from analysis.front.render import FRONT_FORMATS
from analysis.front.rules import KNEE
from analysis.front.searched import Bound, Goal, Searched
from analysis.front.view import FrontView, view_of
from sweeps.chosen import emit_chosen
from sweeps.command import this_command
from sweeps.searching.spec import Search, load_search
from sweeps.searching.storage import load_study, storage_url
from sweeps.searching.study import candidates_of
from trainables.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from analysis.figures.figure import Figure

FORMATS = ("text", "md", "csv", "json", "html")
FIGURE_FORMATS = ("svg", "pdf")
_SUFFIXES = {"text": "txt"}
_OWN = ("name", "description", "sampler", "sampler_seed", "num_candidates", "confirmation_seeds")
"""What repeats of a search differ in."""


def show_front(
    names: Sequence[str],
    *,
    results: Path,
    storage: str | None = None,
    format_name: str | None = None,
    out: Path | None = None,
    rule: str = KNEE,
    emit: Path | None = None,
) -> str:
    """Show the front of a search, or compare several searches by their hypervolume.

    Args:
        names: of searches, or their spec files.
        results: the folder beside whose journal studies are kept.
        storage: address of the database of studies; None takes that of the folder.
        format_name: one of `FORMATS`; None takes that of the file's suffix, else text.
        out: a file or, without a suffix, a folder for a page, all tables and figures; None
            returns what a file would hold.
        rule: by which a candidate of the front is chosen.
        emit: a YAML file for a sweep of the chosen setting on the seeds kept for confirmation.

    Returns:
        What to tell the user.

    Raises:
        UserError: there is no such search, format or rule, searches cannot be compared, there is
            nothing to emit, or a file cannot be written.
    """
    format_name = _format(format_name, out)
    url = storage_url(results, storage)
    begun = [load_study(_name(name), url) for name in names]
    found = [(search, _searched(search, study)) for search, study in begun]
    if len(found) == 1:
        ((search, searched),) = found
        shown: FrontView | Contest = (view := view_of(searched, rule))
        emitted = [emit_chosen(search, view, emit)] if emit else []
    else:
        if emit or rule != KNEE:
            raise UserError(f"{'--emit' if emit else '--rule'} takes one search, not {len(found)}.")
        shown, emitted = contest_of([searched for _, searched in found]), []
    told = _written(shown, format_name, out)
    # What programs read is not followed by words.
    return "\n".join([told, *emitted]) if out or format_name == "text" else told


def _format(asked: str | None, out: Path | None) -> str:
    by_suffix = {f".{_SUFFIXES.get(name, name)}": name for name in FORMATS}
    if asked is None:
        suffix = out.suffix if out else ""
        if suffix and suffix not in by_suffix:
            raise UserError(f"--out {out}: unknown suffix: choose from {', '.join(by_suffix)}.")
        return by_suffix.get(suffix, "text")
    if asked not in FORMATS:
        raise UserError(f"unknown format {asked!r} of the front: {did_you_mean(asked, FORMATS)}")
    return asked


def _name(asked: str) -> str:
    return load_search(asked).name if asked.endswith(".yaml") else asked


def _searched(search: Search, study: Any) -> Searched:
    """Gather what is shown of a search."""
    candidates = tuple(candidates_of(study))
    setup = {key: value for key, value in search.to_dict().items() if key not in _OWN}
    return Searched(
        name=search.name,
        description=search.description,
        sampler=search.sampler,
        sampler_seed=search.sampler_seed,
        goals=search.objectives,
        bounds=search.constraints,
        seeds=search.seeds,
        confirmation_seeds=search.confirmation_seeds,
        num_asked=search.num_candidates,
        scales=scales_of({name: each.distribution for name, each in search.space.items()}),
        candidates=candidates,
        setup=json.dumps(setup, sort_keys=True),
        importances=importances_of(study, candidates, _measured(search)),
    )


def _measured(search: Search) -> tuple[Goal, ...]:
    """List the objectives, and for each constraint on another metric what is best of it."""
    known = {goal.metric for goal in search.objectives}
    others = [bound for bound in search.constraints if bound.metric not in known]
    return (*search.objectives, *map(_goal, others))


def _goal(bound: Bound) -> Goal:
    return Goal(metric=bound.metric, maximize=bound.low is not None)


def _written(shown: FrontView | Contest, format_name: str, out: Path | None) -> str:
    if out is not None and not out.suffix:
        return _write_all(shown, out)
    text = _text(shown, format_name)
    if out is None:
        return text.rstrip("\n")
    write_file(out, text)
    return f"wrote {out}"


def _text(shown: FrontView | Contest, format_name: str) -> str:
    if format_name == "html":
        return _page(shown, _figures(shown))
    if isinstance(shown, FrontView):
        return FRONT_FORMATS[format_name](shown)
    return CONTEST_FORMATS[format_name](shown)


def _figures(shown: FrontView | Contest) -> "list[Figure]":
    from analysis.front.figures import contest_figure, figures_of_front

    return figures_of_front(shown) if isinstance(shown, FrontView) else [contest_figure(shown)]


def _page(shown: FrontView | Contest, figures: "Sequence[Figure]") -> str:
    from analysis.front.page import contest_page, front_page

    made_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(shown, FrontView):
        return front_page(shown, figures, this_command(), made_at)
    return contest_page(shown, figures, this_command(), made_at)


def _write_all(shown: FrontView | Contest, folder: Path) -> str:
    from analysis.figures.write import write_figure

    figures = _figures(shown)
    stem = f"{shown.search.name}-front" if isinstance(shown, FrontView) else "searches"
    for format_name in FORMATS[:-1]:
        path = folder / f"{stem}.{_SUFFIXES.get(format_name, format_name)}"
        write_file(path, _text(shown, format_name))
    for figure in figures:
        for suffix in FIGURE_FORMATS:
            write_figure(figure.chart, folder / f"{figure.name}.{suffix}")
    write_file(folder / f"{stem}.html", _page(shown, figures))
    return f"wrote tables and {len(figures)} figures to {folder}: open {folder / stem}.html"
