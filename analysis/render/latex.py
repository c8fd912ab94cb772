# ruff: noqa: RUF001 (the signs that look like others are the point of this table)
r"""A table for a paper: booktabs, one tabular for all panels so that their columns align.

It needs \usepackage{booktabs,graphicx,xcolor} and is shrunk only if it is wider than the text.
"""

import re
import unicodedata

from analysis.layout import Panel, Row, Table
from analysis.render.cells import CellText, panel_title, row_texts

BETTER = {True: "green!50!black", False: "red!70!black"}
COLOURS = " Green is better, red is worse."
_ARROWS = {"↑": r"\uparrow", "↓": r"\downarrow"}
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "{''}",
    "±": r"$\pm$", "β": r"$\beta$", "α": r"$\alpha$", "×": r"$\times$", "≤": r"$\leq$",
    "≥": r"$\geq$", "−": "$-$", "\N{EN DASH}": "--", "—": "---", "‘": "`", "’": "'",
    "“": "``", "”": "''", "…": r"\ldots{}", "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip
_NOT_IN_OT1 = "ÐÞðþ÷"


def latex(table: Table) -> str:
    """Write a table as a LaTeX float of full width."""
    heads = [escape(table.row_header), "Seeds", *(column.latex for column in table.columns)]
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
                rf"  \caption{{{escape(table.caption)}{colours}{notes}}}",
                rf"  \label{{tab:{_label(table.name)}}}",
                r"  \resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
                rf"  \begin{{tabular}}{{@{{}}{'r' * span}@{{}}}}",
                r"    \toprule",
                f"    {' & '.join(heads)} \\\\",
                *body,
                r"    \bottomrule",
                r"  \end{tabular}}",
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
    lines = [r"    \midrule", rf"    \multicolumn{{{span}}}{{@{{}}l}}{{{title}}} \\"]
    lines.append(r"    \addlinespace")
    arrows = table.columns_with_changes
    for row in panel.rows:
        lines.append(_row(row, arrows))
        if row.state == "original":
            lines.append(r"    \addlinespace")
    return lines


def _row(row: Row, arrows: tuple[bool, ...]) -> str:
    cells = [_cell(cell, room) for cell, room in zip(row_texts(row), arrows, strict=True)]
    return f"    {' & '.join([escape(row.header), escape(row.seeds), *cells])} \\\\"


def _cell(cell: CellText, room: bool) -> str:
    """Write a cell, leaving room for an arrow where others of its column have one."""
    number = _number(cell)
    marked = f"{number} {{\\footnotesize {escape(cell.mark)}}}" if cell.mark else number
    if cell.arrow:
        return f"{marked} {_arrow(cell)}"
    return rf"{marked} \hphantom{{$\uparrow$}}" if room and cell.mean else marked


def _number(cell: CellText) -> str:
    if not any(character.isdigit() for character in cell.mean):
        return escape(cell.mean)
    mean, _, unit = cell.mean.partition(" ")
    std = rf" \pm {escape(cell.std.partition(' ')[0])}" if cell.std else ""
    return f"${escape(mean)}{std}$" + (rf"\,{unit}" if unit else "")


def _arrow(cell: CellText) -> str:
    sign = f"${_ARROWS[cell.arrow]}$"
    return sign if cell.better is None else rf"\textcolor{{{BETTER[cell.better]}}}{{{sign}}}"
