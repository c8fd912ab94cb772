"""A table in the formats that people and programs read."""

from collections.abc import Callable
from typing import Protocol

from analysis.layout import Table
from analysis.render.data import csv_text, json_text
from analysis.render.html import html_page
from analysis.render.latex import latex
from analysis.render.markdown import markdown
from analysis.render.text import text
from trainables.errors import UserError, did_you_mean


class _Writer(Protocol):
    def __call__(self, table: Table, *, compare: bool = False) -> str: ...


_FOR_PEOPLE: dict[str, _Writer] = {
    "text": text,
    "md": markdown,
    "tex": latex,
    "html": html_page,
}
_FOR_PROGRAMS: dict[str, Callable[[Table], str]] = {"csv": csv_text, "json": json_text}
FORMATS = (*_FOR_PEOPLE, *_FOR_PROGRAMS)


def render(table: Table, format_name: str, *, compare: bool = False) -> str:
    """Write a table in one of `FORMATS`, ending in a line break.

    Args:
        table: what to write.
        format_name: one of `FORMATS`.
        compare: put below each row what a paper prints, and the difference; CSV and JSON have
            that in any case.

    Raises:
        UserError: there is no such format.
    """
    if format_name in _FOR_PEOPLE:
        return _FOR_PEOPLE[format_name](table, compare=compare)
    if format_name in _FOR_PROGRAMS:
        return _FOR_PROGRAMS[format_name](table)
    hint = did_you_mean(format_name, FORMATS)
    raise UserError(f"unknown table format {format_name!r}: {hint}")
