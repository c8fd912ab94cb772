"""`unremember paper`: all tables and figures of the paper as files, ready to be included."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from analysis import paper_figures, paper_tables
from analysis.figures.figure import Figure
from analysis.figures.write import write_figure
from analysis.files import write_file
from analysis.layout import Table
from analysis.render import FORMATS, render
from analysis.runs import finished
from analysis.store import ON_BUILTIN
from sweeps.experiments import experiments_of
from sweeps.live import preparing
from trainables.config import BUILTIN
from trainables.errors import UserError, did_you_mean

TABLE_FORMATS = tuple(name for name in FORMATS if name != "text")
FIGURE_FORMATS = ("pdf", "svg", "png")
_OF_MODEL = "figure6 is about a model and its data: `unremember figure figure6` draws it"


def write_paper(out: Path, results: Path, uri: str | None, data: str | None) -> str:
    """Write each table and figure of which at least one trial has finished.

    Args:
        out: the folder; files that are there are replaced.
        results: the folder of the journal.
        uri: of the store; None takes that of the environment or of the folder.
        data: `builtin` for the runs on the built-in world; None for those of the papers.

    Returns:
        What to tell the user: what was written, and what has not run.

    Raises:
        UserError: nothing has run, the store cannot be read, or the folder not written.
    """
    if data not in (None, BUILTIN):
        raise UserError(f"--data {data}: {did_you_mean(str(data), [BUILTIN])}")
    ending = ON_BUILTIN if data else ""
    tables = [name + ending for name in paper_tables.PAPER_TABLES]
    figures = [name + ending for name in paper_figures.PAPER_FIGURES]
    sources = {name: paper_tables.sweeps_of(name) for name in tables}
    sources |= {name: paper_figures.sweeps_of(name) for name in figures}
    with preparing(Console(stderr=True)) as progress:
        progress("reading trials", 0, 1)
        sweeps = dict.fromkeys(sweep for names in sources.values() for sweep in names)
        experiments = experiments_of(list(sweeps), results, uri)
        ran = {name for name, found in experiments.items() if not finished(found.frame).is_empty()}
        here = [name for name, names in sources.items() if ran & set(names)]
        if not here:
            raise UserError(
                f"no trial of the paper{' on the built-in world' if data else ''} has finished in "
                f"{results}: `unremember run table5{' --data builtin' if data else ''}` runs some."
            )
        written, left_out = [], []
        for number, name in enumerate(here):
            progress("writing tables and figures", number, len(here))
            if name in tables:
                _write_table(paper_tables.paper_table(name, experiments), name, out)
            else:
                try:
                    figure = paper_figures.paper_figure(name, experiments)
                except UserError as error:  # too little of it has finished
                    left_out.append(str(error))
                    continue
                _write_figure(figure, name, out)
            written.append(name)
        progress("writing tables and figures", len(here), len(here))
    return _told(out, written, left_out, [name for name in sources if name not in here])


def _write_table(table: Table, name: str, out: Path) -> None:
    for suffix in TABLE_FORMATS:
        write_file(out / f"{name}.{suffix}", render(table, suffix))
        if table.has_comparisons:
            compared = render(table, suffix, compare=True)
            write_file(out / f"{name}-compared.{suffix}", compared)


def _write_figure(figure: Figure, name: str, out: Path) -> None:
    for suffix in FIGURE_FORMATS:
        write_figure(figure.chart, out / f"{name}.{suffix}")
    write_file(out / f"{name}.csv", figure.data.write_csv())


def _told(
    out: Path, written: Sequence[str], left_out: Sequence[str], not_run: Sequence[str]
) -> str:
    lines = [f"wrote {', '.join(written)} to {out}", *left_out]
    if not_run:
        lines.append(f"not run: {', '.join(not_run)}")
    return "\n".join([*lines, _OF_MODEL])
