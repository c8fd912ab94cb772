"""What a table is, as data: what stands where, before any format is chosen."""

import math
from dataclasses import dataclass, field
from typing import Literal

from trainables.metrics import Metric, Unit

Change = Literal["up", "down"]
State = Literal["original", "unlearned"]
Key = str | int | float


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
    """

    mean: float | None
    std: float | None
    n: int
    num_nan: int = 0
    unit: Unit
    change: Change | None = None
    better: bool | None = None

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
    """

    num_names: int
    state: State = "unlearned"
    n: int
    num_expected: int
    cells: tuple[Cell | None, ...]

    @property
    def header(self) -> str:
        """Name the row."""
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
