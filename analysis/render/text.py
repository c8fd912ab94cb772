"""A table for a terminal: plain characters, no colours, no wider than the terminal where it can."""

import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from analysis.layout import Row, Table
from analysis.render.cells import CellText, panel_title, row_texts

WIDTH = 120
GAP = "  "
Lines = tuple[str, ...]


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
    panels = [[_entries(row, room, stacked) for row in panel.rows] for panel in table.panels]
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


def _entries(row: Row, room: Sequence[bool], stacked: bool) -> list[Lines]:
    cells = zip(row_texts(row), room, strict=True)
    return [(row.header,), (row.seeds,), *(_entry(cell, wide, stacked) for cell, wide in cells)]


def _entry(cell: CellText, room: bool, stacked: bool) -> Lines:
    """Give a cell's lines; where its column has arrows, it leaves room for one."""
    pad = "" if cell.arrow or not room else "  "
    if not stacked:
        return (cell.line + pad,)
    std = f"± {cell.std}" if cell.std else ""
    below = [line + "  " * room for line in (std, cell.mark) if line]
    return (f"{cell.mean} {cell.arrow}".rstrip() + pad, *below)


def _lines(cells: Sequence[Lines], widths: Sequence[int]) -> list[str]:
    rows = zip_longest(*cells, fillvalue="")
    return [
        GAP.join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
