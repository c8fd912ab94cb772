"""An experiment -> what its page shows and what the overview says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import polars as pl

from analysis.experiment import Experiment
from analysis.figures.figure import Figure
from analysis.layout import Panel, Table
from analysis.paper_tables import is_of_paper, paper_table, sweeps_of
from analysis.people import PeopleView
from analysis.report.grid import Grid, grids_of
from analysis.report.intervals import Intervals, intervals_of
from analysis.report.listing import Failure, Listing, failures_of, listing_of
from analysis.report.machines import Machines, machines_of
from analysis.report.trials import State, counts_of, trials_of
from analysis.report.verdicts import Verdicts, verdicts_of
from analysis.report.views import FigureView, Section, figure_views, people_section, table_section
from analysis.tables import build_table, experiment_table
from trainables.config import BUILTIN
from trainables.metrics import METRICS

_TIMES = (
    "prepare_s", "train_s", "attack_s", "similarity_s", "zeroshot_s", "trial_s", "energy_j",
)  # fmt: skip
_ON_BUILTIN = (
    "These trials ran on the built-in world, which is never compared with the papers: its people "
    "are invented and its model is small."
)
_NO_LOGS: Mapping[str, str] = MappingProxyType({})
_NOT_PRINTED = "The papers print no numbers for these settings."


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that a page shows of an experiment.

    Attributes:
        name: of the sweep.
        file: the page's, in the folder of the report.
        title: a heading.
        description: one sentence, or nothing.
        counts: of trials by state.
        grids: which trials are there.
        table: the results.
        compared: of the results the panels that a paper prints, beside what it prints; None where
            there are none.
        verdicts: what became of each comparison; none in all where nothing is to be compared.
        not_compared: why nothing is, where nothing is.
        figures: those that make sense for it.
        intervals: of the means.
        people: what became of each person, where that is known.
        failures: the trials that failed.
        trials: all trials.
        times: durations by setting; None before a trial has finished.
        machines: code, hardware, time and energy.
    """

    name: str
    file: str
    title: str
    description: str
    counts: dict[State, int]
    grids: tuple[Grid, ...]
    table: Section
    compared: Section | None
    verdicts: Verdicts
    not_compared: str
    figures: tuple[FigureView, ...]
    intervals: Intervals
    people: Section | None
    failures: tuple[Failure, ...]
    trials: Listing
    times: Section | None
    machines: Machines

    @property
    def num_trials(self) -> int:
        """How many trials it consists of."""
        return sum(self.counts.values())

    @property
    def contents(self) -> list[tuple[str, str]]:
        """The anchors and headings of the sections that it has."""
        sections = [
            ("glance", "At a glance", True),
            ("trials", "What was run", True),
            ("results", "Results", True),
            ("papers", "Beside the papers", self.compared),
            ("figures", "Figures", self.figures),
            ("intervals", "Confidence intervals", self.intervals.rows),
            ("people", "Person by person", self.people),
            ("failures", "Failed trials", self.failures),
            ("all", "Every trial", True),
            ("time", "Time and energy", self.machines.durations),
            ("machines", "Versions and hardware", self.machines.code),
            ("commands", "Make it again", True),
        ]
        return [(anchor, heading) for anchor, heading, is_there in sections if is_there]


def page_of(
    experiment: Experiment,
    people: PeopleView,
    figures: Sequence[Figure] = (),
    logs: Mapping[str, str] = _NO_LOGS,
) -> Page:
    """Gather what the page of an experiment shows.

    Args:
        experiment: its trials and their runs; none of them need have run.
        people: what became of each person, under the names that are to be shown.
        figures: of the experiment and of its people.
        logs: where the log of a failed trial is, by the trial's key.

    Raises:
        UserError: it has no trials at all, neither run nor asked for.
    """
    table = _table(experiment)
    compared = replace(table, panels=tuple(filter(_is_compared, table.panels)))
    trials = trials_of(experiment)
    counts = counts_of(trials)
    return Page(
        name=experiment.name,
        file=file_of(experiment.name),
        title=experiment.title,
        description=experiment.description,
        counts=counts,
        grids=grids_of(trials),
        table=table_section(table),
        compared=table_section(compared, compare=True) if compared.panels else None,
        verdicts=verdicts_of(compared),
        not_compared=_not_compared(table, trials),
        figures=figure_views(figures),
        intervals=intervals_of(table),
        people=people_section(people) if counts["finished"] else None,
        failures=failures_of(trials, logs),
        trials=listing_of(experiment.name, trials, table.columns),
        times=_times(experiment, trials),
        machines=machines_of(trials),
    )


def file_of(name: str) -> str:
    """Name the page of a sweep, whose name has neither dots nor underscores."""
    return "_index.html" if name.lower() == "index" else f"{name}.html"


def _table(experiment: Experiment) -> Table:
    """Lay the experiment out as the paper does, where it is one of the paper's tables by itself."""
    name = experiment.name
    if is_of_paper(name) and sweeps_of(name) == (name,):
        return paper_table(name, {name: experiment})
    return experiment_table(experiment)


def _is_compared(panel: Panel) -> bool:
    return any(cell and cell.comparison for row in panel.rows for cell in row.cells)


def _not_compared(table: Table, trials: pl.DataFrame) -> str:
    if table.has_comparisons:
        return ""
    return _ON_BUILTIN if set(trials["data"]) == {BUILTIN} else _NOT_PRINTED


def _times(experiment: Experiment, trials: pl.DataFrame) -> Section | None:
    measured = [name for name in _TIMES if trials[name].count()]
    if not measured:
        return None
    labels = ", ".join(METRICS[name].label.lower() for name in measured)
    table = build_table(
        experiment.frame, experiment.expected, f"{experiment.name}-time",
        f"What a trial takes: {labels}.", measured, title="Time and energy",
    )  # fmt: skip
    return table_section(table)
