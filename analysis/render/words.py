"""The words around a table that depend on how it is shown."""

from collections.abc import Sequence

from analysis.compare import EXACT_RULE, RULE
from analysis.layout import Cell, Table
from analysis.numbers import MISSING
from analysis.render.cells import VERDICTS

_COLOURS = "Green is better, red is worse."
_UNSURE = "Green is better, red is worse, grey in brackets is not significant."
_COMPARED = "Below a row stand what the paper prints and the difference, ours minus theirs{}: {}."
_SOURCES = "Published figures are those of {}."
_POINTS = ", of shares in percentage points (pp)"
_NOT_COMPARED = "Nothing in this table stands beside published numbers."


def caption_text(table: Table, *, compare: bool = False, has_colours: bool = False) -> str:
    """Give a table's caption, and how to read its colours and comparisons."""
    sentences = [table.caption]
    unsure = any(cell.is_significant is False and cell.change for cell in _cells(table))
    if table.has_changes and has_colours:
        sentences.append(_UNSURE if unsure else _COLOURS)
    if compare and table.has_comparisons:
        sentences.append(_how_compared(table))
    return " ".join(sentences)


def _how_compared(table: Table) -> str:
    """Say whose figures they are, by which rule they are judged, and explain the signs."""
    cells = [cell for cell in _cells(table) if cell.comparison]
    found = {cell.comparison.verdict for cell in cells if cell.comparison}
    signs = [f"{sign} {verdict}" for verdict, sign in VERDICTS.items() if verdict in found]
    signs += [f"{MISSING} not yet run"] if None in found else []
    points = _POINTS if any(cell.unit == "share" for cell in cells) else ""
    margins = {cell.comparison.margin for cell in cells if cell.comparison}
    rules = [RULE] if any(margins) else []
    rules += [EXACT_RULE] if 0.0 in margins else []
    below = _COMPARED.format(points, ", ".join(signs))
    return " ".join([_SOURCES.format(_sources(cells)), *rules, below])


def note_texts(table: Table, *, compare: bool = False) -> tuple[str, ...]:
    """Give a table's notes; if a comparison is asked for and there is none, also that."""
    missing = compare and not table.has_comparisons
    return (*table.notes, _NOT_COMPARED) if missing else table.notes


def _cells(table: Table) -> list[Cell]:
    return [c for panel in table.panels for row in panel.rows for c in row.cells if c is not None]


def _sources(cells: Sequence[Cell]) -> str:
    found = {cell.comparison.published.source for cell in cells if cell.comparison}
    paper, _, first = min(found).partition(", ")
    rest = sorted(source.removeprefix(f"{paper}, Table ") for source in found)
    return f"{paper}, {first}" if len(rest) == 1 else f"{paper}, Tables {' and '.join(rest)}"
