"""The figures that the command line draws; imported by it alone, since it takes its time."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from analysis.figures.catalog import KINDS, figure_of
from analysis.figures.figure import Figure
from analysis.figures.points import SPREADS, Spread
from analysis.figures.write import check_format, write_figure
from analysis.paper_figures import (
    NOT_DRAWN,
    PAPER_FIGURES,
    paper_figure,
    sweeps_of,
)
from analysis.store import ON_BUILTIN
from sweeps.experiments import experiment_of, experiments_of
from sweeps.live import preparing
from sweeps.options import sweeps_of as specs_of
from sweeps.spec import Sweep
from trainables.config import BUILTIN
from trainables.errors import UserError, did_you_mean

EMBEDDING_MAP = "embedding-map"
_PAPER_S_MAP = "figure6"
_MAP_SWEEPS = {EMBEDDING_MAP: "faces", _PAPER_S_MAP: "table7"}
_LINE = 100


def draw_figure(
    name: str,
    spec: str | None,
    out: Path | None,
    *,
    settings: Sequence[str] = (),
    data: str | None = None,
    results: Path,
    uri: str | None = None,
    spread: str = "std",
) -> str:
    """Draw a figure and say what it shows.

    Args:
        name: a figure of the paper, with the ending `-builtin` on the built-in world; a kind of
            figure of a sweep; or `embedding-map`.
        spec: the sweep; for the map, whose first trial has the model and data.
        out: the file, whose suffix says in which format; named after the figure if left out.
        settings: changes of the sweep, as for running it.
        data: a data profile, likewise.
        results: the folder of the journal.
        uri: of the tracking store; None takes that of the environment or of the folder.
        spread: what bands span: one of `SPREADS`.

    Raises:
        UserError: there is no such figure, sweep or format, it makes no sense for the sweep, or
            what it needs is not there.
    """
    name = _checked(name, spec, settings, data)
    path = out or Path(f"{name}.svg")
    check_format(path)
    if name.removesuffix(ON_BUILTIN) in _MAP_SWEEPS:
        return _embedding_map(_map_sweep(name, spec, settings, data), path)
    known = _spread(spread)
    if name in KINDS:
        assert spec is not None
        is_changed = bool(settings) or data is not None or Path(spec).is_file()
        sweep = specs_of([spec], list(settings), data)[0] if is_changed else spec
        figure = figure_of(name, experiment_of(sweep, results, uri), known)
    else:
        figure = paper_figure(name, experiments_of(sweeps_of(name), results, uri), known)
    write_figure(figure.chart, path, figure.title, figure.caption)
    return _told(figure, path)


def _checked(name: str, spec: str | None, settings: Sequence[str], data: str | None) -> str:
    """Give the full name of a figure whose arguments fit it."""
    base = name.removesuffix(ON_BUILTIN)
    if name in KINDS:
        if spec is None:
            raise UserError(f"figure {name}: name the sweep as well: figure {name} table5.")
    elif base in PAPER_FIGURES:
        if spec is not None or settings or data not in (None, BUILTIN):
            raise UserError(
                f"figure {name} is the paper's: it takes no sweep, no --set, and no --data but "
                f"builtin; one of any sweep is drawn by its kind: {', '.join(KINDS)}."
            )
        return f"{base}{ON_BUILTIN}" if data else name
    elif base in NOT_DRAWN:
        sweeps_of(base)
    elif name != EMBEDDING_MAP and base != _PAPER_S_MAP:
        names = [*PAPER_FIGURES, *_MAP_SWEEPS, *KINDS]
        raise UserError(f"unknown figure {name!r}: {did_you_mean(name, names)}")
    return name


def _map_sweep(name: str, spec: str | None, settings: Sequence[str], data: str | None) -> Sweep:
    base = name.removesuffix(ON_BUILTIN)
    world = BUILTIN if base != name else data
    return specs_of([spec or _MAP_SWEEPS[base]], list(settings), world)[0]


def _spread(asked: str) -> Spread:
    for spread in SPREADS:
        if spread == asked:
            return spread
    raise UserError(f"unknown spread {asked!r}: {did_you_mean(asked, SPREADS)}")


def _told(figure: Figure, path: Path) -> str:
    return f"{figure.title}\n{textwrap.fill(figure.caption, _LINE)}\n\nwrote {path}"


def _embedding_map(sweep: Sweep, path: Path) -> str:
    from analysis.figures.embedding_map import EmbeddingSample, chart, embedding_map, text
    from trainables.building.embeddings import original_embeddings
    from trainables.device import best_device

    config = sweep.trials()[0]
    with preparing(Console(stderr=True)) as progress:
        found = original_embeddings(config, best_device(), progress)
        progress("placing them on the map", 0, 1)
        made = embedding_map(EmbeddingSample(model=config.model, **asdict(found)))
    write_figure(chart(made), path)
    return f"{text(made)}\nwrote {path}"
