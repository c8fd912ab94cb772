"""A table for GitHub: one pipe table for each panel."""

import re

from analysis.layout import Panel, Row, Table
from analysis.render.cells import panel_title, row_texts


def markdown(table: Table) -> str:
    """Write a table as GitHub Markdown."""
    parts = [f"### {_escape(table.title)}", *(_panel(table, panel) for panel in table.panels)]
    parts.append(_escape(table.caption))
    if table.notes:
        parts.append("\n".join(f"- {_escape(note)}" for note in table.notes))
    return "\n\n".join(parts) + "\n"


def _panel(table: Table, panel: Panel) -> str:
    heads = [table.row_header, "Seeds", *(column.label for column in table.columns)]
    rows = [
        [row.header, row.seeds, *(cell.line() for cell in row_texts(row))] for row in panel.rows
    ]
    lines = [_line(heads), "|" + " ---: |" * len(heads), *(_line(row) for row in rows)]
    return "\n\n".join([f"**{_escape(panel_title(table, panel))}**", "\n".join(lines)])


def _row(row: Row) -> str:
    return _line([row.header, row.seeds, *(cell.line() for cell in row_texts(row))])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    """Keep as it is what Markdown would read as markup."""
    return re.sub(r"([\\`*_<\[\]|~&$])", r"\\\1", text.replace("\n", " "))
