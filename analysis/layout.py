"""What a table is, as data: what stands where, before any format is chosen."""

import math
from dataclasses import dataclass, field
from typing import Literal

from trainables.metrics import Metric, Unit

Change = Literal["up", "down"]
State = Literal["original", "unlearned"]
Verdict = Literal["agrees", "differs", "undecided"]
Key = str | int | float


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A 95% confidence interval of a cell's mean.

    Attributes:
        low: the lower end.
        high: the upper end.
        method: `wilson` for a share of people, pooled over seeds; else `bootstrap` over seeds.
    """

    low: float
    high: float
    method: Literal["wilson", "bootstrap"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a paper prints in the place of a cell.

    Attributes:
        mean: as printed, in the metric's unit.
        std: as printed; zero may stand for less than half of the last digit.
        n: seeds.
        source: such as `ECAI 2024, Table 5b`.
    """

    mean: float
    std: float
    n: int
    source: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A cell beside what a paper printed.

    Attributes:
        published: theirs.
        difference: ours minus theirs; None while ours is missing or not a number.
        welch_p: of Welch's t-test that the means are equal; None where neither side varies or a
            side has a single seed.
        tost_p: of two one-sided tests that they differ by more than `margin`; None likewise.
        margin: within which means count as equal.
        verdict: None while ours is missing: not yet run.
    """

    published: Published
    difference: float | None
    welch_p: float | None
    tost_p: float | None
    margin: float
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A metric over the seeds of a cell.

    Attributes:
        mean: None where no finished trial has the metric; NaN where one of them has NaN.
        std: of the sample (ddof = 1); None below two trials.
        n: trials that have the metric.
        num_nan: how many of them have NaN.
        unit: how it is shown.
        change: whether the shown value is above or below the panel without regularization.
        better: whether that is an improvement; None without a change or a direction.
        p_value: of a paired test over seeds that regularization changes nothing; None without a
            partner to test against.
        is_significant: whether that holds with the false discovery rate of the table at 5%.
        interval: of the mean; None below two trials, unless it is of people.
        comparison: with what a paper prints, where the settings are the paper's.
    """

    mean: float | None
    std: float | None
    n: int
    num_nan: int = 0
    unit: Unit
    change: Change | None = None
    better: bool | None = None
    p_value: float | None = None
    is_significant: bool | None = None
    interval: Interval | None = None
    comparison: Comparison | None = None

    @property
    def is_nan(self) -> bool:
        """Say whether a trial's value was not a number."""
        return self.mean is not None and math.isnan(self.mean)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a panel.

    Attributes:
        num_names: how many names were unlearned; 0 on the original model.
        state: of the model; the original model is measured once and shown for comparison.
        n: finished trials.
        num_expected: trials that should have finished.
        cells: one for each column; None where the original model has no such metric.
        label: its header where that is not the number of names, such as a model.
    """

    num_names: int
    state: State = "unlearned"
    n: int
    num_expected: int
    cells: tuple[Cell | None, ...]
    label: str = ""

    @property
    def header(self) -> str:
        """Name the row."""
        if self.label:
            return self.label
        return "original model" if self.state == "original" else str(self.num_names)

    @property
    def seeds(self) -> str:
        """Say how many trials stand behind the row, and of how many when some are missing."""
        if self.state == "original":
            return ""
        return str(self.n) if self.n >= self.num_expected else f"{self.n} of {self.num_expected}"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The rows that share all settings but the number of names and the seed.

    Attributes:
        title: what sets it apart.
        keys: the same, as data: beta and each other setting that varies.
        rows: the original model first where it was measured, then by number of names.
    """

    title: str
    keys: dict[str, Key]
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that knows all that its formats show.

    Attributes:
        name: of the sweep; the stem of its label.
        title: a heading.
        caption: what the numbers are.
        row_header: what tells the rows of a panel apart.
        columns: the metrics, in order.
        panels: at least one.
        notes: what is missing, doubled or not a number.
    """

    name: str
    title: str
    caption: str
    row_header: str
    columns: tuple[Metric, ...]
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def columns_with_changes(self) -> tuple[bool, ...]:
        """Say for each column whether any of its cells carries an arrow."""
        rows = [row.cells for panel in self.panels for row in panel.rows]
        return tuple(any(c and c.change for c in cells) for cells in zip(*rows, strict=True))

    @property
    def has_changes(self) -> bool:
        """Say whether any cell carries an arrow."""
        return any(self.columns_with_changes)

    @property
    def has_comparisons(self) -> bool:
        """Say whether any cell stands beside a published one."""
        cells = (cell for panel in self.panels for row in panel.rows for cell in row.cells)
        return any(cell is not None and cell.comparison is not None for cell in cells)
