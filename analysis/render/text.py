"""A table for a terminal: plain characters, no colours, no wider than the terminal where it can."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

from analysis.layout import Table
from analysis.render.cells import (
    CellText,
    Line,
    Shape,
    are_apart,
    panel_title,
    shapes_of,
    table_lines,
)
from analysis.render.words import caption_text, note_texts

WIDTH = 120
GAP = "  "
Lines = tuple[str, ...]
Writer = Callable[[CellText, Shape], Lines]


def text(table: Table, *, compare: bool = False, width: int = WIDTH) -> str:
    """Write a table in lines of at most `width` where it can.

    If need be, deviations stand below their means, and the last columns below the first.
    """
    written = _fitting(table, width, compare=compare)
    words = [wrapped(caption_text(table, compare=compare), width)]
    words += [wrapped(f"Note: {note}", width) for note in note_texts(table, compare=compare)]
    return "\n".join([table.title, "", *written, "", *words]) + "\n"


def _fitting(table: Table, width: int, *, compare: bool) -> list[str]:
    for write in (_line, _stack):
        written = _layout(table, write, compare=compare)
        if max(map(len, written)) <= width or len(table.columns) == 1:
            return written
    half = (len(table.columns) + 1) // 2
    parts = (_part(table, slice(half)), _part(table, slice(half, None)))
    first, last = (_fitting(part, width, compare=compare) for part in parts)
    return [*first, "", *last]


def _part(table: Table, columns: slice) -> Table:
    panels = (
        replace(panel, rows=tuple(replace(row, cells=row.cells[columns]) for row in panel.rows))
        for panel in table.panels
    )
    return replace(table, columns=table.columns[columns], panels=tuple(panels))


def wrapped(words: str, width: int) -> str:
    """Break a text into lines of at most `width` characters, but for longer words."""
    return "\n".join(textwrap.wrap(words, width, break_long_words=False))


def _layout(table: Table, write: Writer, *, compare: bool) -> list[str]:
    heads = [table.row_header, "Seeds", *(column.label for column in table.columns)]
    header = [_split(label) for label in heads]
    panels = table_lines(table, compare=compare)
    shapes = shapes_of(panels)
    grids = [[_entries(line, shapes, write) for line in lines] for _, lines in panels]
    grid = [header, *(row for rows in grids for row in rows)]
    widths = [max(len(line) for row in grid for line in row[i]) for i in range(len(heads))]
    rule = "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    written = [*_lines(_bottom(header), widths), rule]
    for (panel, lines), rows in zip(panels, grids, strict=True):
        written += ["", panel_title(table, panel), ""]
        has_blocks = any(line.kind == "difference" for line in lines)
        for row, line, following in zip_longest(rows, lines, lines[1:]):
            written += _lines(row, widths)
            if has_blocks and are_apart(line, following):
                written.append("")
    return [*written, rule]


def _split(label: str) -> Lines:
    """Break a heading before its last word, which halves the width of its column."""
    head, _, last = label.rpartition(" ")
    return (head, last) if head else (last,)


def _bottom(cells: Sequence[Lines]) -> list[Lines]:
    height = max(map(len, cells))
    return [("",) * (height - len(cell)) + cell for cell in cells]


def _entries(line: Line, shapes: Sequence[Shape], write: Writer) -> list[Lines]:
    cells = zip(line.cells, shapes, strict=True)
    return [(line.header,), (line.seeds,), *(write(cell, shape) for cell, shape in cells)]


def _line(cell: CellText, shape: Shape) -> Lines:
    width = len(shape.std)
    room = " " * (width + 2) if width and cell.has_room else ""
    std = f"± {cell.std:>{width}}" if cell.std else room
    parts = (part for part in (cell.mean, std, cell.mark) if part)
    return (" ".join(parts) + _sign(cell, shape),)


def _stack(cell: CellText, shape: Shape) -> Lines:
    below = [f"± {cell.std}" if cell.std else "", cell.mark]
    room = _sign(CellText(), shape)
    return (cell.mean + _sign(cell, shape), *(line + room for line in below if line))


def _sign(cell: CellText, shape: Shape) -> str:
    """Write what stands behind a number, in the middle of its room."""
    if not shape.sign:
        return ""
    return f" {cell.sign.text if cell.sign else '':^{len(shape.sign)}}"


def _lines(cells: Sequence[Lines], widths: Sequence[int]) -> list[str]:
    rows = zip_longest(*cells, fillvalue="")
    return [
        GAP.join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
