"""A table in the formats that people and programs read."""

from collections.abc import Callable

from analysis.layout import Table
from analysis.render.data import csv_text, json_text
from analysis.render.html import html_page
from analysis.render.latex import latex
from analysis.render.markdown import markdown
from analysis.render.text import text
from trainables.errors import UserError, did_you_mean

FORMATS: dict[str, Callable[[Table], str]] = {
    "text": text,
    "md": markdown,
    "tex": latex,
    "html": html_page,
    "csv": csv_text,
    "json": json_text,
}


def render(table: Table, format_name: str) -> str:
    """Write a table in one of `FORMATS`, ending in a line break.

    Raises:
        UserError: there is no such format.
    """
    if format_name not in FORMATS:
        hint = did_you_mean(format_name, FORMATS)
        raise UserError(f"unknown table format {format_name!r}: {hint}")
    return FORMATS[format_name](table)
