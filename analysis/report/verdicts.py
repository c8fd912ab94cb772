"""Where ours agrees with the papers, differs, or is not yet run: counted, and cell by cell."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

from analysis.layout import Cell, Row, Table
from analysis.render.cells import panel_title

Outcome = Literal["agrees", "differs", "undecided", "not yet run"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


Marks = tuple[Outcome | None, ...]


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What became of the comparisons of a table, row by row.

    Attributes:
        columns: the labels of the metrics that are compared anywhere.
        panels: of each panel with a comparison its title and its rows: the header and, for each of
            the columns, what became of it; None where nothing is published.
    """

    columns: tuple[str, ...]
    panels: tuple[tuple[str, tuple[tuple[str, Marks], ...]], ...]

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many cells there are of each outcome."""
        found = Counter(mark for _, rows in self.panels for _, marks in rows for mark in marks)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def total(self) -> int:
        """How many cells have a published counterpart."""
        return sum(self.counts.values())


def verdicts_of(table: Table) -> Verdicts:
    """Look through the comparisons of a table."""
    panels = [
        (panel_title(table, panel), [(row.header, _outcomes(row)) for row in panel.rows])
        for panel in table.panels
    ]
    found = [marks for _, rows in panels for _, marks in rows]
    used = [i for i in range(len(table.columns)) if any(marks[i] for marks in found)]
    compared = [
        (title, tuple((head, tuple(marks[i] for i in used)) for head, marks in rows if any(marks)))
        for title, rows in panels
    ]
    return Verdicts(
        columns=tuple(table.columns[i].label for i in used),
        panels=tuple((title, rows) for title, rows in compared if rows),
    )


def _outcomes(row: Row) -> Marks:
    return tuple(_outcome(cell) for cell in row.cells)


def _outcome(cell: Cell | None) -> Outcome | None:
    if cell is None or cell.comparison is None:
        return None
    return cell.comparison.verdict or "not yet run"
