# ruff: noqa: RUF001 (the signs that look like others are the point of this table)
r"""A table for a paper: booktabs, one tabular for all panels so that their columns align.

It needs \usepackage{booktabs,graphicx,xcolor} and is shrunk only if it is wider than the text.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

from analysis.layout import Panel, Table
from analysis.render.cells import (
    CellText,
    Line,
    Shape,
    Sign,
    are_apart,
    panel_title,
    shapes_of,
    table_lines,
)
from analysis.render.words import caption_text, note_texts

COLOURS = {"better": "green!50!black", "worse": "red!70!black", "unsure": "gray"}
_SPECIAL = {
    "\\": r"$\backslash$", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": "$<$", ">": "$>$", "|": "$|$", '"': "{''}",
    "±": r"$\pm$", "β": r"$\beta$", "α": r"$\alpha$", "×": r"$\times$", "≤": r"$\leq$",
    "≥": r"$\geq$", "≈": r"$\approx$", "≠": r"$\neq$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "−": "$-$", "\N{EN DASH}": "--", "—": "---", "‘": "`", "’": "'",
    "“": "``", "”": "''", "…": r"\ldots{}", "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip
_NOT_IN_OT1 = "ÐÞðþ÷"


def latex(table: Table, *, compare: bool = False) -> str:
    """Write a table as a LaTeX float of full width."""
    panels = table_lines(table, compare=compare)
    shapes = shapes_of(panels)
    columns, heads = _heads(table, shapes)
    body = [line for panel, lines in panels for line in _panel(table, panel, lines, shapes)]
    caption = caption_text(table, compare=compare, has_colours=True)
    words = " ".join(map(escape, (caption, *note_texts(table, compare=compare))))
    return (
        "\n".join(
            [
                "% Needs booktabs, graphicx and xcolor.",
                r"\begin{table*}[t]",
                r"  \centering",
                r"  \setlength{\tabcolsep}{5pt}",
                r"  \resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
                rf"  \begin{{tabular}}{{@{{}}{columns}@{{}}}}",
                r"    \toprule",
                f"    {' & '.join(heads)} \\\\",
                *body,
                r"    \bottomrule",
                r"  \end{tabular}}",
                rf"  \caption{{{words}}}",
                rf"  \label{{tab:{_label(table.name)}}}",
                r"\end{table*}",
            ]
        )
        + "\n"
    )


def escape(text: str) -> str:
    """Write any text so that pdflatex prints it; what it has no sign for is given by its code."""
    composed = unicodedata.normalize("NFC", re.sub(r"\s+", " ", text))
    return "".join(_character(character) for character in composed)


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii() and character.isprintable():
        return character
    if "À" <= character <= "ÿ" and character not in _NOT_IN_OT1:
        return character
    return rf"\texttt{{U+{ord(character):04X}}}"


def _label(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.:-]+", "-", name).strip("-")


def _heads(table: Table, shapes: Sequence[Shape]) -> tuple[str, list[str]]:
    """Give the column types and headings: a metric with signs has a column of its own for them."""
    columns, heads = "rr", [escape(table.row_header), "Seeds"]
    for metric, shape in zip(table.columns, shapes, strict=True):
        columns += r"r@{\ }c" if shape.sign else "r"
        heads.append(rf"\multicolumn{{{_span(shape)}}}{{c}}{{{metric.latex}}}")
    return columns, heads


def _span(shape: Shape) -> int:
    return 2 if shape.sign else 1


def _panel(table: Table, panel: Panel, lines: Sequence[Line], shapes: Sequence[Shape]) -> list[str]:
    span = 2 + sum(map(_span, shapes))
    title = escape(panel_title(table, panel))
    written = [r"    \midrule", rf"    \multicolumn{{{span}}}{{@{{}}l}}{{\textit{{{title}}}}} \\"]
    written.append(r"    \addlinespace")
    for line, following in zip_longest(lines, lines[1:]):
        written.append(_row(line, shapes))
        if are_apart(line, following):
            written.append(r"    \addlinespace")
    return written


def _row(line: Line, shapes: Sequence[Shape]) -> str:
    heads = [escape(line.header), escape(line.seeds)]
    cells = [
        part for cell, shape in zip(line.cells, shapes, strict=True) for part in _cell(cell, shape)
    ]
    return f"    {' & '.join([*heads, *cells])} \\\\"


def _cell(cell: CellText, shape: Shape) -> list[str]:
    """Write a number and its sign, leaving room for the deviation that others have."""
    mark = f" {{\\footnotesize {escape(cell.mark)}}}" if cell.mark else ""
    number = _number(cell, shape.std) + mark if cell.mean else ""
    return [number, _sign(cell.sign)] if shape.sign else [number]


def _number(cell: CellText, widest: str) -> str:
    mean, unit = _math(cell.mean)
    if cell.std:
        room = "0" * (len(widest) - len(cell.std))
        phantom = rf"\phantom{{{room}}}" if room else ""
        return rf"${mean} \pm {phantom}{_math(cell.std)[0]}${unit}"
    shown = f"${mean}$" if any(map(str.isdigit, mean)) else mean
    has_blank = widest and cell.has_room
    blank = rf"\hphantom{{${{}} \pm {_math(widest)[0]}$}}" if has_blank else ""
    return shown + blank + unit


def _math(number: str) -> tuple[str, str]:
    """Split a number and its unit, such as `12.3 s`, for use in and after mathematics."""
    value, _, unit = number.partition(" ")
    # A comma of mathematics would be followed by a space.
    return escape(value).replace(",", "{,}"), rf"\,{unit}" if unit else ""


def _sign(sign: Sign | None) -> str:
    if sign is None:
        return ""
    text = escape(sign.text)
    return text if sign.tone == "plain" else rf"\textcolor{{{COLOURS[sign.tone]}}}{{{text}}}"
