"""The tables that the command line shows: of any sweep, and those of the paper."""

from collections.abc import Sequence
from pathlib import Path

from analysis.paper_tables import is_of_paper, paper_table, sweeps_of
from analysis.render import FORMATS, render
from analysis.selection import PRESET, check_selection
from analysis.tables import experiment_table
from sweeps.experiments import experiments_of
from sweeps.spec import Sweep
from trainables.errors import UserError, did_you_mean


def table_text(
    name: str,
    format_name: str,
    results: Path,
    uri: str | None,
    *,
    compare: bool = False,
    selection: str = PRESET,
    selection_seeds: Sequence[int] = (),
) -> str:
    """Lay out the results of a sweep, or a table of the paper.

    Args:
        name: of the sweep or, such as `table1`, of the paper's table.
        format_name: one of `analysis.render.FORMATS`.
        results: the folder of the journal.
        uri: of the store; None takes that of the environment or of the folder.
        compare: put the published numbers beside.
        selection: the rule by which one of several settings is shown.
        selection_seeds: on which it chooses; by default on all.

    Raises:
        UserError: there is no such sweep, format or rule, or the store cannot be read.
    """
    if format_name not in FORMATS:
        hint = did_you_mean(format_name, FORMATS)
        raise UserError(f"unknown table format {format_name!r}: {hint}")
    check_selection(selection, selection_seeds)
    if is_of_paper(name) and selection == PRESET:
        table = paper_table(name, experiments_of(sweeps_of(name), results, uri))
    else:
        (experiment,) = experiments_of([name], results, uri).values()
        table = experiment_table(experiment, selection, selection_seeds)
    return render(table, format_name, compare=compare)


def sweep_text(sweep: Sweep, results: Path, uri: str | None) -> str:
    """Lay out the results of a sweep that has just run, for a terminal."""
    (experiment,) = experiments_of([sweep], results, uri).values()
    return render(experiment_table(experiment), "text")
