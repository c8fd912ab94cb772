"""The front of searches that the command line shows; imported by it alone, since it takes time."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from analysis.figures.figure import Figure
from analysis.figures.write import write_figure
from analysis.files import write_file
from analysis.front.compare import (
    Contest,
    contest_csv,
    contest_figure,
    contest_json,
    contest_markdown,
    contest_of,
    contest_text,
)
from analysis.front.figures import figures_of_front
from analysis.front.importance import importances_of, scales_of
from analysis.front.page import contest_page, front_page
from analysis.front.render import FRONT_FORMATS
from analysis.front.rules import KNEE, Choice
from analysis.front.searched import Bound, Goal, Searched
from analysis.front.view import FrontView, seeds_text, view_of
from sweeps.checks import axis_of, check_name
from sweeps.command import this_command
from sweeps.searching.candidates import trials_of
from sweeps.searching.spec import Search, load_search
from sweeps.searching.storage import load_study, storage_url
from sweeps.searching.study import candidates_of
from sweeps.spec import DEFAULTS, Sweep
from trainables.config import IMAGE_PREFIX, PROCEDURE_FIELDS, TrialConfig
from trainables.errors import UserError, did_you_mean
from trainables.presets import preset_fields

FORMATS = ("text", "md", "csv", "json", "html")
FIGURE_FORMATS = ("svg", "pdf")
_CONTEST_FORMATS = {
    "text": contest_text, "md": contest_markdown, "csv": contest_csv, "json": contest_json,
}  # fmt: skip
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
        shown: FrontView | Contest = view_of(searched, rule)
        emitted = [_emit(search, shown, emit)] if emit and isinstance(shown, FrontView) else []
    else:
        if emit or rule != KNEE:
            raise UserError(f"{'--emit' if emit else '--rule'} takes one search, not {len(found)}.")
        shown, emitted = contest_of([searched for _, searched in found]), []
    told = _written(shown, format_name, out)
    return "\n".join([told, *emitted])


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
    return _CONTEST_FORMATS[format_name](shown)


def _figures(shown: FrontView | Contest) -> list[Figure]:
    return figures_of_front(shown) if isinstance(shown, FrontView) else [contest_figure(shown)]


def _page(shown: FrontView | Contest, figures: Sequence[Figure]) -> str:
    made_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(shown, FrontView):
        return front_page(shown, figures, this_command(), made_at)
    return contest_page(shown, figures, this_command(), made_at)


def _write_all(shown: FrontView | Contest, folder: Path) -> str:
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


def _emit(search: Search, view: FrontView, path: Path) -> str:
    """Write a sweep of the chosen setting on the seeds that the search did not use."""
    if path.suffix != ".yaml":
        raise UserError(f"--emit {path}: a sweep is a .yaml file.")
    if view.choice is None:
        raise UserError(
            f"--emit {path}: no candidate of {search.name} is complete and feasible, so that none "
            "can be chosen."
        )
    sweep = sweep_of(search, view.choice, check_name(path.stem, f"--emit {path}"))
    content = {key: value for key, value in sweep.to_dict().items() if value}
    content["axes"] = {axis_of("seed"): _seeds(search.confirmation_seeds)}
    written = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    write_file(path, written)
    return f"wrote {path}: candidate {view.choice.candidate.number} on fresh seeds"


def sweep_of(search: Search, choice: Choice, name: str) -> Sweep:
    """Give the sweep that runs a chosen candidate on the seeds kept for confirmation.

    Args:
        search: whose candidate it is.
        choice: the candidate and the rule that chose it.
        name: of the sweep.
    """
    fresh = dataclasses.replace(search, seeds=search.confirmation_seeds)
    trials = trials_of(fresh, choice.candidate.params)
    description = (
        f"Candidate {choice.candidate.number} of the search {search.name}, chosen on seeds "
        f"{seeds_text(search.seeds)} by the rule {choice.rule}, on seeds that the search did not "
        "use."
    )
    sweep = Sweep(
        name=name,
        description=description,
        preset=search.preset,
        fixed=_decided(search, trials[0]),
        axes={"seed": search.confirmation_seeds},
        source=name,
    )
    assert set(sweep.trials()) == set(trials)
    return sweep


def _decided(search: Search, config: TrialConfig) -> dict[str, Any]:
    """Give the settings that the preset does not decide alike, and those that the search names."""
    fields = config.model_dump(exclude_none=True, exclude={"seed"})
    known = dict(DEFAULTS)
    if search.preset:
        known |= preset_fields(search.preset, config.encoder, config.model)
    named = {*search.fixed, *search.space}
    if config.encoder == "both":
        # What is said of one encoder would hold for both, unless the other one says its own.
        named |= {*PROCEDURE_FIELDS, *(IMAGE_PREFIX + name for name in PROCEDURE_FIELDS)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if name in named or name not in known or known[name] != value
    }


def _seeds(seeds: Sequence[int]) -> str | list[int]:
    text = seeds_text(seeds)
    return text if "-" in text and "," not in text else list(seeds)
