# ruff: noqa: RUF001 (the signs that look like others are the point of this table)
r"""A table for a paper: booktabs, one tabular for all panels so that their columns align.

It needs \usepackage{booktabs,graphicx,xcolor} and is shrunk only if it is wider than the text.
"""

import re
import unicodedata
from collections.abc import Sequence

from analysis.layout import Panel, Row, Table
from analysis.render.cells import CellText, panel_title, row_texts, widest_stds

BETTER = {True: "green!50!black", False: "red!70!black"}
COLOURS = " Green is better, red is worse."
_ARROWS = {"↑": r"\uparrow", "↓": r"\downarrow"}
_SPECIAL = {
    "\\": r"$\backslash$", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": "$<$", ">": "$>$", "|": "$|$", '"': "{''}",
    "±": r"$\pm$", "β": r"$\beta$", "α": r"$\alpha$", "×": r"$\times$", "≤": r"$\leq$",
    "≥": r"$\geq$", "−": "$-$", "\N{EN DASH}": "--", "—": "---", "‘": "`", "’": "'",
    "“": "``", "”": "''", "…": r"\ldots{}", "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip
_NOT_IN_OT1 = "ÐÞðþ÷"


def latex(table: Table) -> str:
    """Write a table as a LaTeX float of full width."""
    metrics = [rf"\multicolumn{{1}}{{c}}{{{column.latex}}}" for column in table.columns]
    heads = [escape(table.row_header), "Seeds", *metrics]
    span = len(heads)
    body = [line for panel in table.panels for line in _panel(table, panel, span)]
    colours = COLOURS if table.has_changes else ""
    notes = "".join(f" {escape(note)}" for note in table.notes)
    return (
        "\n".join(
            [
                "% Needs booktabs, graphicx and xcolor.",
                r"\begin{table*}[t]",
                r"  \centering",
                r"  \setlength{\tabcolsep}{5pt}",
                r"  \resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
                rf"  \begin{{tabular}}{{@{{}}{'r' * span}@{{}}}}",
                r"    \toprule",
                f"    {' & '.join(heads)} \\\\",
                *body,
                r"    \bottomrule",
                r"  \end{tabular}}",
                rf"  \caption{{{escape(table.caption)}{colours}{notes}}}",
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


def _panel(table: Table, panel: Panel, span: int) -> list[str]:
    title = escape(panel_title(table, panel))
    lines = [r"    \midrule", rf"    \multicolumn{{{span}}}{{@{{}}l}}{{\textit{{{title}}}}} \\"]
    lines.append(r"    \addlinespace")
    shapes = list(zip(table.columns_with_changes, widest_stds(table), strict=True))
    for row in panel.rows:
        lines.append(_row(row, shapes))
        if row.state == "original":
            lines.append(r"    \addlinespace")
    return lines


def _row(row: Row, shapes: Sequence[tuple[bool, str]]) -> str:
    cells = [_cell(cell, *shape) for cell, shape in zip(row_texts(row), shapes, strict=True)]
    return f"    {' & '.join([escape(row.header), escape(row.seeds), *cells])} \\\\"


def _cell(cell: CellText, has_arrows: bool, widest: str) -> str:
    """Write a cell, leaving room for what others of its column have: a deviation, an arrow."""
    if not cell.mean:
        return ""
    mark = f" {{\\footnotesize {escape(cell.mark)}}}" if cell.mark else ""
    room = r" \hphantom{$\uparrow$}" if has_arrows else ""
    return _number(cell, widest) + mark + (f" {_arrow(cell)}" if cell.arrow else room)


def _number(cell: CellText, widest: str) -> str:
    mean, unit = _math(cell.mean)
    if cell.std:
        room = "0" * (len(widest) - len(cell.std))
        phantom = rf"\phantom{{{room}}}" if room else ""
        return rf"${mean} \pm {phantom}{_math(cell.std)[0]}${unit}"
    shown = f"${mean}$" if any(map(str.isdigit, mean)) else mean
    blank = rf"\hphantom{{${{}} \pm {_math(widest)[0]}$}}" if widest else ""
    return shown + blank + unit


def _math(number: str) -> tuple[str, str]:
    """Split a number and its unit, such as `12.3 s`, for use in and after mathematics."""
    value, _, unit = number.partition(" ")
    return escape(value), rf"\,{unit}" if unit else ""


def _arrow(cell: CellText) -> str:
    sign = f"${_ARROWS[cell.arrow]}$"
    return sign if cell.better is None else rf"\textcolor{{{BETTER[cell.better]}}}{{{sign}}}"
