"""The figures that the command line draws; imported by it alone, since it takes its time."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from sweeps.live import preparing
from sweeps.spec import Sweep
from trainables.errors import UserError, did_you_mean

FIGURES = ("embedding-map",)


def draw_figure(name: str, sweep: Sweep, out: Path | None) -> str:
    """Draw a figure and say what it shows.

    Args:
        name: one of `FIGURES`.
        sweep: whose model and data it is about: those of its first trial.
        out: the file, whose suffix says in which format; named after the figure if left out.

    Raises:
        UserError: there is no such figure or format, or the model or the data is not usable.
    """
    if name not in FIGURES:
        raise UserError(f"unknown figure {name!r}: {did_you_mean(name, FIGURES)}")
    from analysis.figures.write import check_format

    path = out or Path(f"{name}.svg")
    check_format(path)
    return _embedding_map(sweep, path)


def _embedding_map(sweep: Sweep, path: Path) -> str:
    from analysis.figures.embedding_map import EmbeddingSample, chart, embedding_map, text
    from analysis.figures.write import write_figure
    from trainables.building.embeddings import original_embeddings
    from trainables.device import best_device

    config = sweep.trials()[0]
    with preparing(Console(stderr=True)) as progress:
        found = original_embeddings(config, best_device(), progress)
        progress("placing them on the map", 0, 1)
        made = embedding_map(EmbeddingSample(model=config.model, **asdict(found)))
    write_figure(chart(made), path)
    return f"{text(made)}\nwrote {path}"
