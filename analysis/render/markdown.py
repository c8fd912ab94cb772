"""A table for GitHub: one pipe table for each panel."""

import re
from collections.abc import Sequence

from analysis.layout import Panel, Table
from analysis.render.cells import CellText, Line, panel_title, table_lines
from analysis.render.words import caption_text, note_texts


def markdown(table: Table, *, compare: bool = False) -> str:
    """Write a table as GitHub Markdown."""
    parts = [f"### {escape(table.title)}"]
    parts += [_panel(table, *panel) for panel in table_lines(table, compare=compare)]
    parts.append(escape(caption_text(table, compare=compare)))
    if notes := note_texts(table, compare=compare):
        parts.append("\n".join(f"- {escape(note)}" for note in notes))
    return "\n\n".join(parts) + "\n"


def _panel(table: Table, panel: Panel, lines: Sequence[Line]) -> str:
    heads = [table.row_header, "Seeds", *(column.label for column in table.columns)]
    rows = [[line.header, line.seeds, *map(_cell, line.cells)] for line in lines]
    written = [pipe_row(heads), "|" + " ---: |" * len(heads), *map(pipe_row, rows)]
    return "\n\n".join([f"**{escape(panel_title(table, panel))}**", "\n".join(written)])


def _cell(cell: CellText) -> str:
    std = f"± {cell.std}" if cell.std else ""
    sign = cell.sign.text if cell.sign else ""
    return " ".join(part for part in (cell.mean, std, cell.mark, sign) if part)


def pipe_row(cells: Sequence[str]) -> str:
    """Write a row of a pipe table."""
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def escape(text: str) -> str:
    """Keep as it is what Markdown would read as markup."""
    return re.sub(r"([\\`*_<\[\]|~&$])", r"\\\1", text.replace("\n", " "))
