"""A table for a browser, on screens, dark or light, and in print.

great_tables writes the table: groups, headings that every cell refers to, notes. Its stylesheet is
left out: colours are fixed while it writes, so that it cannot follow a dark screen, and its rules
for bare `td` and `tr` reach all other tables of a page. `table.css` is in its place.
"""

import re
from collections.abc import Sequence

import polars as pl
from markupsafe import Markup

from analysis.layout import Table
from analysis.pages import fill_page
from analysis.render.cells import (
    CellText,
    Line,
    Shape,
    Sign,
    panel_title,
    shapes_of,
    table_lines,
)
from analysis.render.words import caption_text, note_texts

_PANEL, _HEADER, _SEEDS = "panel", "header", "seeds"


def html_page(table: Table, *, compare: bool = False) -> str:
    """Write a table as a page that needs nothing else."""
    fragment = html_fragment(table, compare=compare)
    return fill_page("table.html", title=table.title, fragment=Markup(fragment))


def html_fragment(table: Table, *, compare: bool = False, anchor: str = "") -> str:
    """Write a table as a part of a page, with its style; its title is for the ear alone.

    Args:
        table: what to write.
        compare: put below each row what a paper prints, and the difference.
        anchor: the element's id, which begins all ids inside; by default made of the table's name.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", table.name).strip("-")
    anchor = anchor or f"table-{name}{'-compared' if compare else ''}"
    written = _great_table(table, anchor, compare=compare)
    body = written[written.index("<table") : written.rindex("</div>")].strip()
    return fill_page("table_fragment.html", anchor=anchor, body=Markup(body))


def _great_table(table: Table, anchor: str, *, compare: bool) -> str:
    from great_tables import GT, html

    panels = table_lines(table, compare=compare)
    shapes = shapes_of(panels)
    metrics = [str(i) for i in range(len(shapes))]
    rows = [
        [panel_title(table, panel), *_row(line, shapes)]
        for panel, lines in panels
        for line in lines
    ]
    frame = pl.DataFrame(rows, schema=[_PANEL, _HEADER, _SEEDS, *metrics], orient="row")
    labels = {
        name: html(_guarded(Markup('<span title="{}">{}</span>').format(metric.help, metric.label)))
        for name, metric in zip(metrics, table.columns, strict=True)
    }
    written = (
        GT(frame, rowname_col=_HEADER, groupname_col=_PANEL, id=anchor)
        .tab_header(table.title)
        .tab_stubhead(table.row_header)
        .cols_label({_SEEDS: "Seeds"} | labels)
        .cols_align("right")
        .fmt_passthrough([_HEADER, _SEEDS, *metrics], escape=False)
    )
    caption = caption_text(table, compare=compare, has_colours=True)
    for note in (caption, *note_texts(table, compare=compare)):
        written = written.tab_source_note(html(_guarded(Markup("<div>{}</div>").format(note))))
    return str(written.as_raw_html())


def _guarded(markup: Markup) -> str:
    """Keep great_tables from reading double braces as units of measurement."""
    return str(markup).replace("{", "&#123;")


def _row(line: Line, shapes: Sequence[Shape]) -> list[str]:
    cells = [_cell(cell, shape) for cell, shape in zip(line.cells, shapes, strict=True)]
    seeds = "short" if line.is_short else "seeds"
    return [
        Markup('<span class="{}">{}</span>').format(line.kind, line.header),
        Markup('<span class="{}">{}</span>').format(seeds, line.seeds),
        *cells,
    ]


def _cell(cell: CellText, shape: Shape) -> str:
    if not cell.mean:
        return ""
    tip = Markup(' title="{}"').format(cell.tip) if cell.tip else ""
    mark = Markup(' <span class="n">{}</span>').format(cell.mark) if cell.mark else ""
    number = Markup("<span{}>{}{}</span>{}").format(tip, cell.mean, _std(cell, shape), mark)
    return number + _sign(cell.sign, shape)


def _std(cell: CellText, shape: Shape) -> str:
    """Write a deviation, leaving the room that the column's longest one takes."""
    if cell.std:
        blank = _blank("0" * (len(shape.std) - len(cell.std)))
        return Markup(' <span class="sd">± {}{}</span>').format(blank, cell.std)
    return _blank(f" ± {shape.std}") if shape.std and cell.has_room else ""


def _blank(text: str) -> str:
    return Markup('<span class="blank" aria-hidden="true">{}</span>').format(text) if text else ""


def _sign(sign: Sign | None, shape: Shape) -> str:
    if not shape.sign:
        return ""
    width = " wide" if len(shape.sign) > 1 else ""
    if sign is None:
        return Markup('<span class="sign{}"></span>').format(width)
    return Markup('<span class="sign{} {}">{}</span><span class="unseen"> ({})</span>').format(
        width, sign.tone, sign.text, sign.meaning
    )
