"""What a cell says, in parts that each format puts together in its own way."""

from dataclasses import dataclass
from typing import Literal

from analysis.layout import Cell, Comparison, Panel, Row, Table, Verdict
from analysis.numbers import MISSING, difference_text, mean_text, rounds_to_zero, std_text

Tone = Literal["plain", "better", "worse", "unsure"]
"""Of a sign; an unsure one stands in grey."""
ARROWS = {"up": "↑", "down": "↓"}
VERDICTS: dict[Verdict, str] = {"agrees": "≈", "differs": "≠", "undecided": "?"}
_TONES: dict[bool | None, Tone] = {True: "better", False: "worse", None: "plain"}
_MEANINGS = {True: "better", False: "worse", None: "neither better nor worse"}


@dataclass(frozen=True)
class Sign:
    """An arrow or a verdict behind a number.

    Attributes:
        text: the sign; in brackets if a test does not find the change.
        meaning: the same in words.
        tone: its colour.
    """

    text: str
    meaning: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class CellText:
    """The parts of a cell; each may be empty.

    Attributes:
        mean: the mean, or the sign of a missing one; empty where nothing belongs.
        std: the deviation without its plus-minus sign.
        mark: how many trials the cell has, where that differs from its row.
        sign: what stands behind the number.
        has_room: whether a missing deviation leaves its room blank, to align the means.
        tip: what else is known of it, in a sentence without its stop.
    """

    mean: str = ""
    std: str = ""
    mark: str = ""
    sign: Sign | None = None
    has_room: bool = True
    tip: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A printed line of a panel.

    Attributes:
        kind: the original or an unlearned model's own numbers, or what is compared with them.
        header: its name.
        seeds: how many trials stand behind it.
        is_short: whether that is fewer than it should be.
        cells: one for each column.
    """

    kind: Literal["original", "unlearned", "published", "difference"]
    header: str
    seeds: str = ""
    is_short: bool = False
    cells: tuple[CellText, ...]


@dataclass(frozen=True)
class Shape:
    """What the cells of a column have room for.

    Attributes:
        std: its longest deviation.
        sign: its longest sign.
    """

    std: str
    sign: str


def lines_of(row: Row, *, compare: bool = False) -> tuple[Line, ...]:
    """Say what a row shows and, to compare, what a paper prints and the difference."""
    own = Line(
        kind=row.state,
        header=row.header,
        seeds=row.seeds,
        is_short=row.n < row.num_expected,
        cells=tuple(_cell_text(cell, row) for cell in row.cells),
    )
    pairs = [(cell, cell.comparison) if cell and cell.comparison else None for cell in row.cells]
    if not compare or not any(pairs):
        return (own,)
    sizes = {comparison.published.n for _, comparison in filter(None, pairs)}
    published = Line(
        kind="published",
        header="published",
        seeds="" if row.state == "original" else _seeds(sizes),
        cells=tuple(_published(*pair, row) if pair else CellText() for pair in pairs),
    )
    difference = Line(
        kind="difference",
        header="difference",
        cells=tuple(_difference(*pair) if pair else CellText() for pair in pairs),
    )
    return own, published, difference


def _seeds(sizes: set[int]) -> str:
    """Say how many seeds a paper has; a number that has no spread, such as a count, has none."""
    return str(*sizes) if len(sizes) == 1 and max(sizes) > 1 else ""


def _cell_text(cell: Cell | None, row: Row) -> CellText:
    if cell is None:
        return CellText()
    if cell.mean is None:
        return CellText(mean=MISSING)
    return CellText(
        mean=mean_text(cell.mean, cell.unit),
        std="" if cell.std is None or cell.is_nan else _std(cell.std, cell, row),
        mark=f"(n = {cell.n})" if cell.n != row.n else "",
        sign=_arrow(cell),
        tip=_tip(cell),
    )


def _std(std: float, cell: Cell, row: Row) -> str:
    # Trials of one original model repeat one measurement: agreement there is no spread of zero.
    if row.state == "original" and rounds_to_zero(std, cell.unit):
        return ""
    return std_text(std, cell.unit)


def _arrow(cell: Cell) -> Sign | None:
    if cell.change is None:
        return None
    arrow, meaning = ARROWS[cell.change], _MEANINGS[cell.better]
    if cell.is_significant is False:
        return Sign(f"({arrow})", f"{meaning}, not significant", "unsure")
    return Sign(arrow, meaning, _TONES[cell.better])


def _tip(cell: Cell) -> str:
    parts = []
    if cell.interval is not None:
        ends = (mean_text(end, cell.unit) for end in (cell.interval.low, cell.interval.high))
        parts.append(f"95% interval {' to '.join(ends)} ({cell.interval.method})")
    if cell.p_value is not None:
        parts.append(f"change: {p_text(cell.p_value)}")
    return "; ".join(parts)


def p_text(p_value: float) -> str:
    """Show a p-value with two digits, and a small one as what it is below."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def _published(cell: Cell, comparison: Comparison, row: Row) -> CellText:
    theirs = comparison.published
    return CellText(
        mean=mean_text(theirs.mean, cell.unit),
        std=_std(theirs.std, cell, row) if theirs.n > 1 else "",
        tip=theirs.source,
    )


def _difference(cell: Cell, comparison: Comparison) -> CellText:
    verdict = comparison.verdict
    tone: Tone = "worse" if verdict == "differs" else "unsure" if verdict is None else "plain"
    # A mean that is not a number has no difference either: it stands for itself.
    shown = MISSING if cell.mean is None else mean_text(cell.mean, cell.unit)
    if comparison.difference is not None:
        shown = difference_text(comparison.difference, cell.unit)
    return CellText(
        mean=shown,
        sign=Sign(VERDICTS[verdict], verdict, tone) if verdict else None,
        has_room=False,
        tip="; ".join(
            f"{name}: {p_text(p_value)}"
            for name, p_value in (("Welch", comparison.welch_p), ("TOST", comparison.tost_p))
            if p_value is not None
        ),
    )


def table_lines(table: Table, *, compare: bool = False) -> list[tuple[Panel, list[Line]]]:
    """Give the printed lines of each panel."""
    return [
        (panel, [line for row in panel.rows for line in lines_of(row, compare=compare)])
        for panel in table.panels
    ]


def are_apart(line: Line, following: Line | None) -> bool:
    """Say whether a gap belongs between two lines: what is compared stands together."""
    if following is None or following.kind == "published":
        return False
    return line.kind in ("original", "difference")


def shapes_of(panels: list[tuple[Panel, list[Line]]]) -> tuple[Shape, ...]:
    """Say what each column leaves room for, by which its numbers are aligned."""
    rows = [line.cells for _, lines in panels for line in lines]
    return tuple(
        Shape(
            std=max((cell.std for cell in cells), key=len),
            sign=max((cell.sign.text if cell.sign else "" for cell in cells), key=len),
        )
        for cells in zip(*rows, strict=True)
    )


def panel_title(table: Table, panel: Panel) -> str:
    """Number a panel where there are several: `(a) without ...`."""
    if len(table.panels) == 1:
        return panel.title
    return f"({_letters(table.panels.index(panel))}) {panel.title}"


def _letters(index: int) -> str:
    """Count a, b, ... z, aa, ab, ..."""
    head, last = divmod(index, 26)
    return (_letters(head - 1) if head else "") + chr(ord("a") + last)
