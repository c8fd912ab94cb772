"""What a cell says, in parts that each format puts together in its own way."""

from dataclasses import dataclass

from analysis.layout import Cell, Panel, Row, Table
from analysis.numbers import MISSING, mean_text, rounds_to_zero, std_text

ARROWS = {"up": "↑", "down": "↓"}
WORDS = {True: "better", False: "worse", None: "neither better nor worse"}


@dataclass(frozen=True)
class CellText:
    """The parts of a cell; each may be empty.

    Attributes:
        mean: the mean, or the sign of a missing one; empty where nothing belongs.
        std: the deviation without its sign.
        mark: how many trials the cell has, where that differs from its row.
        arrow: the direction of a change.
        better: what the change means.
    """

    mean: str = ""
    std: str = ""
    mark: str = ""
    arrow: str = ""
    better: bool | None = None

    def line(self, std_width: int = 0) -> str:
        """Put the parts into one line of plain text, with room for a deviation of some width."""
        std = f"± {self.std:>{std_width}}" if self.std else " " * (std_width + 2 * (std_width > 0))
        return " ".join(part for part in (self.mean, std, self.mark, self.arrow) if part)


def cell_text(cell: Cell | None, row: Row) -> CellText:
    """Say what a cell shows in its row."""
    if cell is None:
        return CellText()
    if cell.mean is None:
        return CellText(mean=MISSING)
    return CellText(
        mean=mean_text(cell.mean, cell.unit),
        std=_std(cell, row),
        mark=f"(n = {cell.n})" if cell.n != row.n else "",
        arrow=ARROWS[cell.change] if cell.change else "",
        better=cell.better,
    )


def _std(cell: Cell, row: Row) -> str:
    if cell.std is None or cell.is_nan:
        return ""
    # Trials of one original model repeat one measurement: agreement there is no spread of zero.
    if row.state == "original" and rounds_to_zero(cell.std, cell.unit):
        return ""
    return std_text(cell.std, cell.unit)


def row_texts(row: Row) -> tuple[CellText, ...]:
    """Say what each metric of a row shows."""
    return tuple(cell_text(cell, row) for cell in row.cells)


def widest_stds(table: Table) -> tuple[str, ...]:
    """Give each column's longest deviation, by which its means are aligned."""
    rows = [row_texts(row) for panel in table.panels for row in panel.rows]
    return tuple(max((c.std for c in cells), key=len) for cells in zip(*rows, strict=True))


def panel_title(table: Table, panel: Panel) -> str:
    """Number a panel where there are several: `(a) without ...`."""
    if len(table.panels) == 1:
        return panel.title
    return f"({_letters(table.panels.index(panel))}) {panel.title}"


def _letters(index: int) -> str:
    """Count a, b, ... z, aa, ab, ..."""
    head, last = divmod(index, 26)
    return (_letters(head - 1) if head else "") + chr(ord("a") + last)
