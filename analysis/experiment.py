"""What tables, figures and reports are made of: trials that were asked for, and their runs."""

from dataclasses import dataclass

import polars as pl

from trainables.config import TrialConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """A sweep, or several that a figure or table draws on together.

    Attributes:
        name: of the sweep, or of the paper's table or figure.
        title: a heading, such as `Table 5`; the name where there is none.
        description: one sentence on what it is.
        expected: the trials that it consists of, with their keys; None where only the store knows.
        frame: runs of any status as `analysis.runs.load_runs` gives them, at least its own.
        command: what runs it, for the shell.
    """

    name: str
    title: str
    description: str
    expected: tuple[tuple[str, TrialConfig], ...] | None
    frame: pl.DataFrame
    command: str
