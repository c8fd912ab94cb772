"""The report that the command line writes; imported by it alone, since it takes its time."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from rich.console import Console

from analysis.connect import shown
from analysis.experiment import Experiment
from analysis.figures.catalog import KINDS, figures_of
from analysis.figures.people import figures_of_people
from analysis.files import write_file
from analysis.people import build_people
from analysis.report.page import Page, page_of
from analysis.report.write import Commands, index_html, page_html
from sweeps.command import this_command
from sweeps.experiments import experiments_of
from sweeps.live import preparing
from sweeps.logs import log_path
from sweeps.options import RESULTS
from sweeps.people import clear_names
from sweeps.spec import Sweep
from sweeps.standing import read_record
from trainables.errors import UserError

INDEX = "index.html"


def write_report(
    sweeps: Sequence[str | Sweep],
    results: Path,
    uri: str | None,
    out: Path | None = None,
    *,
    names: bool = False,
) -> str:
    """Write a page for each sweep, and an overview of them.

    Args:
        sweeps: which, by name or file or as they are; none means all that were run in the results.
        results: the folder of journal and logs.
        uri: of the tracking store; None takes that of the environment or of the folder.
        out: the folder of the pages, `report` in the results if left out; pages that are there are
            replaced.
        names: show names in the place of pseudonyms.

    Returns:
        What to tell the user.

    Raises:
        UserError: nothing was run, journal, store or names cannot be read, or the folder cannot be
            written.
    """
    asked = list(sweeps) or sorted(read_record(results).sweeps)
    if not asked:
        raise UserError(f"nothing has been run in {results}: name the sweeps to report on.")
    folder = out or results / "report"
    made_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    with preparing(Console(stderr=True)) as progress:
        progress("reading trials", 0, 1)
        experiments = list(experiments_of(asked, results, uri).values())
        known = clear_names(experiments) if names else {}
        progress("reading trials", 1, 1)
        pages: list[Page] = []
        for experiment in experiments:
            progress("writing pages", len(pages), len(experiments))
            page = _page(experiment, results, known)
            commands = _commands(experiment, page, _options(results, uri))
            write_file(folder / page.file, page_html(page, commands, made_at))
            pages.append(page)
        write_file(folder / INDEX, index_html(pages, this_command(), made_at))
        progress("writing pages", len(pages), len(experiments))
    return f"wrote {len(pages)} {'page' if len(pages) == 1 else 'pages'}: open {folder / INDEX}"


def _page(experiment: Experiment, results: Path, names: Mapping[str, str]) -> Page:
    people = build_people(experiment, names)
    figures = [*figures_of(experiment), *figures_of_people(people)]
    failed = experiment.frame.filter(pl.col("status") == "FAILED")["trial_key"].drop_nulls()
    paths = {key: log_path(results, key) for key in failed}
    logs = {key: str(path) for key, path in paths.items() if path.exists()}
    return page_of(experiment, people, figures, logs)


def _commands(experiment: Experiment, page: Page, options: Sequence[str]) -> Commands:
    """Say what makes each part of a page again, for the shell."""
    name = experiment.name

    def ours(*words: str) -> str:
        return shlex.join(["unremember", *words, *options])

    run = experiment.command
    if "--results" not in run:
        run = " ".join([run, shlex.join(options)]).rstrip()
    shown_kinds = [kind for kind in KINDS if f"{name}-{kind}" in {f.name for f in page.figures}]
    figures = [
        (f"The figure of {kind}", ours("figure", kind, name, "--out", f"{name}-{kind}.pdf"))
        for kind in shown_kinds
    ]
    people = ours("people", name, "--format", "csv", "--out", f"{name}-people.csv")
    return [
        ("The trials: what is finished is not run again", run),
        *([("The trials that failed, once more", ours("retry"))] if page.failures else []),
        ("The table, for a paper", ours("table", name, "--format", "tex", "--out", f"{name}.tex")),
        *figures,
        *([("Person by person", people)] if page.people and page.people.files else []),
        ("This report", this_command()),
    ]


def _options(results: Path, uri: str | None) -> list[str]:
    """Give the options that find the same results, without the passwords of an address."""
    found = [] if results == RESULTS else ["--results", str(results)]
    return found if uri is None else [*found, "--tracking-uri", shown(uri)]
