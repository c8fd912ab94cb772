"""Trials -> panels: the rows that share all settings but the number of names and the seed."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from analysis.cells import Test, Where, can_change, changes, measured_cells
from analysis.comparable import Comparable
from analysis.layout import Cell, Key, Panel, Row
from analysis.numbers import mean_text
from analysis.settings import BETAS, setting_title
from trainables.metrics import Metric

DONE = "_done"
"""The column that says whether a trial is finished."""


class Panels:
    """The trials of a table, and what is needed to build its panels from them.

    Args:
        trials: one row for each expected trial: settings, and metrics if it is finished.
        keys: the columns that tell panels apart, those of `BETAS` last; none makes one panel.
        columns: the metrics.
        title: of the panel, where no keys tell it.
        num_names: the rows of each panel; None takes what each has.
        num_expected: the least number of trials that each row should have.
    """

    def __init__(
        self,
        trials: pl.DataFrame,
        keys: Sequence[str],
        columns: Sequence[Metric],
        *,
        title: str = "",
        num_names: Sequence[int] | None = None,
        num_expected: int = 0,
    ) -> None:
        by = [*keys, "num_names"]
        self.columns = columns
        self.keys = tuple(keys)
        self.title = title
        self.num_names = num_names
        self.num_expected = num_expected
        self.cells = measured_cells(trials, by, columns)
        self.originals = _originals(trials, keys, columns)
        self.changes = changes(trials, keys, columns) if keys else {}
        self.comparable = Comparable(trials, by)
        sizes = trials.group_by(by).agg(pl.len(), pl.col(DONE).sum())
        self.sizes = {tuple(row[:-2]): (row[-2], row[-1]) for row in sizes.iter_rows()}
        self.at = trials.select(keys).unique().sort(keys).rows() if keys else [()]

    @property
    def num_pairs(self) -> int | None:
        """The least number of seeds that a test of change has; None where there is none."""
        return min((test.num_pairs for test in self.changes.values()), default=None)

    def build(self) -> tuple[Panel, ...]:
        """Lay the panels out in the order of their keys."""
        return tuple(self._panel(at) for at in self.at)

    def _panel(self, at: tuple[Key, ...]) -> Panel:
        keys = dict(zip(self.keys, at, strict=True))
        names = self.num_names or sorted(key[-1] for key in self.sizes if key[:-1] == at)
        rows = [self._row(at, num_names) for num_names in names]
        original = self._original(at)
        return Panel(
            title=self.title or setting_title(keys),
            keys=keys,
            rows=(*([original] if original else []), *rows),
        )

    def _row(self, at: tuple[Key, ...], num_names: int) -> Row:
        size, done = self.sizes.get((*at, num_names), (0, 0))
        cells = (self._cell((*at, num_names), column) for column in self.columns)
        return Row(
            num_names=num_names,
            n=done,
            num_expected=max(size, self.num_expected),
            cells=tuple(cells),
        )

    def _cell(self, row: tuple[Key, ...], column: Metric) -> Cell:
        where = (*row, column.name)
        cell = self._measured(where, column)
        plain = self._without_regularization(where)
        if plain != where:
            cell = _with_change(
                cell, self._measured(plain, column), column, self.changes.get(where)
            )
        return self.comparable.beside(cell, row, column.name)

    def _measured(self, where: Where, column: Metric) -> Cell:
        missing = Cell(mean=None, std=None, n=0, unit=column.unit)
        return self.cells.get(where, missing)

    def _without_regularization(self, where: Where) -> Where:
        zeroed = [
            0.0 if key in BETAS and value is not None else value
            for key, value in zip(self.keys, where, strict=False)
        ]
        return (*zeroed, *where[len(zeroed) :])

    def _original(self, at: tuple[Key, ...]) -> Row | None:
        """Give the original model's row: where it was measured, or where the paper prints it."""
        rows = [row for row in self.sizes if row[:-1] == at]
        row = next((row for row in rows if row in self.comparable), rows[0] if rows else at)
        cells = tuple(self._original_cell(at, row, column) for column in self.columns)
        n = max((cell.n for cell in cells if cell), default=0)
        if n == 0 and not any(cell.comparison for cell in cells if cell):
            return None
        return Row(num_names=0, state="original", n=n, num_expected=n, cells=cells)

    def _original_cell(
        self, at: tuple[Key, ...], row: tuple[Key, ...], column: Metric
    ) -> Cell | None:
        cell = self.originals.get((*at, column.name))
        known = cell or Cell(mean=None, std=None, n=0, unit=column.unit)
        beside = self.comparable.beside(known, row, column.name, "original")
        return beside if cell or beside.comparison else None


def _originals(
    trials: pl.DataFrame, keys: Sequence[str], columns: Sequence[Metric]
) -> dict[Where, Cell]:
    """Give what was measured of the original model, over all trials of each panel."""
    missed = trials.with_columns(idia_fnr_before=1 - pl.col("idia_tpr_before"))
    before = {f"{column.name}_before": column.name for column in columns}
    known = {old: new for old, new in before.items() if old in missed.columns}
    renamed = missed.select(*keys, **{new: pl.col(old) for old, new in known.items()})
    found = [column for column in columns if column.name in known.values()]
    return measured_cells(renamed, keys, found, intervals=False) if found else {}


def _with_change(cell: Cell, plain: Cell, column: Metric, test: Test | None) -> Cell:
    """Mark where regularization changes what is shown: rounded alike is no change.

    A change that cannot be tested, such as that of a single seed, is not significant.
    """
    if test:
        cell = replace(cell, p_value=test.p_value, is_significant=test.is_significant)
    if not can_change(column) or cell.n != plain.n:
        return cell
    if cell.mean is None or plain.mean is None or cell.is_nan or plain.is_nan:
        return cell
    if mean_text(cell.mean, cell.unit) == mean_text(plain.mean, plain.unit):
        return cell
    rises = cell.mean > plain.mean
    direction = column.higher_is_better
    return replace(
        cell,
        change="up" if rises else "down",
        better=None if direction is None else rises == direction,
        is_significant=test is not None and test.is_significant,
    )
