"""A table for a terminal: plain characters, no colours, no wider than the terminal where it can."""

import textwrap
from collections.abc import Callable, Sequence
from itertools import zip_longest

from analysis.layout import Row, Table
from analysis.render.cells import CellText, panel_title, row_texts, widest_stds

WIDTH = 120
GAP = "  "
Lines = tuple[str, ...]
Shape = tuple[bool, int]
"""Of a column: whether it has arrows, and the width of its longest deviation."""
Writer = Callable[[CellText, Shape], Lines]


def text(table: Table, width: int = WIDTH) -> str:
    """Write a table in lines of at most `width`, deviations below their means if need be."""
    stacked = _layout(table, stacked=False)
    if max(map(len, stacked)) > width:
        stacked = _layout(table, stacked=True)
    words = [_wrapped(table.caption, width)]
    words += [_wrapped(f"Note: {note}", width) for note in table.notes]
    return "\n".join([table.title, "", *stacked, "", *words]) + "\n"


def _wrapped(words: str, width: int) -> str:
    return "\n".join(textwrap.wrap(words, width, break_long_words=False))


def _layout(table: Table, *, stacked: bool) -> list[str]:
    heads = [table.row_header, "Seeds", *(column.label for column in table.columns)]
    header = [_split(label) for label in heads]
    room = table.columns_with_changes
    write = _stack if stacked else _line
    shapes = list(zip(room, map(len, widest_stds(table)), strict=True))
    panels = [[_entries(row, shapes, write) for row in panel.rows] for panel in table.panels]
    grid = [header, *(row for panel in panels for row in panel)]
    widths = [max(len(line) for row in grid for line in row[i]) for i in range(len(heads))]
    rule = "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    lines = [*_lines(_bottom(header), widths), rule]
    for panel, rows in zip(table.panels, panels, strict=True):
        lines += ["", panel_title(table, panel), ""]
        for row in rows:
            lines += _lines(row, widths)
    return [*lines, rule]


def _split(label: str) -> Lines:
    """Break a heading before its last word, which halves the width of its column."""
    head, _, last = label.rpartition(" ")
    return (head, last) if head else (last,)


def _bottom(cells: Sequence[Lines]) -> list[Lines]:
    height = max(map(len, cells))
    return [("",) * (height - len(cell)) + cell for cell in cells]


def _entries(row: Row, shapes: Sequence[Shape], write: Writer) -> list[Lines]:
    cells = zip(row_texts(row), shapes, strict=True)
    return [(row.header,), (row.seeds,), *(write(cell, shape) for cell, shape in cells)]


def _line(cell: CellText, shape: Shape) -> Lines:
    has_arrows, std_width = shape
    return (cell.line(std_width) + "  " * (has_arrows and not cell.arrow),)


def _stack(cell: CellText, shape: Shape) -> Lines:
    has_arrows, _ = shape
    std = f"± {cell.std}" if cell.std else ""
    top = f"{cell.mean} {cell.arrow or ' '}" if has_arrows else cell.mean
    return (top, *(line + "  " * has_arrows for line in (std, cell.mark) if line))


def _lines(cells: Sequence[Lines], widths: Sequence[int]) -> list[str]:
    rows = zip_longest(*cells, fillvalue="")
    return [
        GAP.join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
