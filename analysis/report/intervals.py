"""The 95% confidence intervals of a table, in its own layout."""

from dataclasses import dataclass

from analysis.layout import Cell, Table
from analysis.numbers import mean_text
from analysis.render.cells import panel_title

METHODS = {
    "wilson": "Wilson's interval of a share of people, pooled over seeds",
    "bootstrap": "a bootstrap over seeds",
}


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """What is known of where the means lie.

    Attributes:
        columns: the labels of the metrics that have any interval.
        rows: of each row with one, its panel, its header, its trials and the intervals' texts.
        methods: how they were found, in words.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, int, tuple[str, ...]], ...]
    methods: tuple[str, ...]


def intervals_of(table: Table) -> Intervals:
    """Collect the intervals of a table; without any, nothing."""
    rows = [(panel_title(table, panel), row) for panel in table.panels for row in panel.rows]
    rows = [(title, row) for title, row in rows if any(map(_has_interval, row.cells))]
    used = [
        i for i in range(len(table.columns)) if any(_has_interval(row.cells[i]) for _, row in rows)
    ]
    methods = {cell.interval.method for _, row in rows for cell in row.cells
               if cell and cell.interval}  # fmt: skip
    return Intervals(
        columns=tuple(table.columns[i].label for i in used),
        rows=tuple(
            (title, row.header, row.n, tuple(_text(row.cells[i]) for i in used))
            for title, row in rows
        ),
        methods=tuple(text for method, text in METHODS.items() if method in methods),
    )


def _has_interval(cell: Cell | None) -> bool:
    return cell is not None and cell.interval is not None


def _text(cell: Cell | None) -> str:
    if cell is None or cell.interval is None:
        return ""
    ends = (cell.interval.low, cell.interval.high)
    return " to ".join(mean_text(end, cell.unit) for end in ends)
