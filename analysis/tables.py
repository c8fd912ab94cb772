"""Trials -> a table in the paper's layout: rows by number of names, panels by regularization."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from analysis.aggregate import aggregate
from analysis.layout import Cell, Key, Panel, Row, Table
from analysis.notes import caption_of, notes_of
from analysis.numbers import mean_text
from analysis.runs import field_schema, finished
from analysis.store import list_fields
from trainables.config import TrialConfig, field_names
from trainables.errors import UserError, did_you_mean
from trainables.metrics import METRICS, Metric, find_metric, main_task

PAPER_METRICS = (
    "idia_tpr", "idia_fnr", "others_tpr", "sim_clean", "sim_backdoor", "sim_target",
    "zeroshot_top1", "zeroshot_top5",
)  # fmt: skip
"""The columns of the paper's tables 5 to 9, and beside them what becomes of everyone else."""
IMAGE_METRICS = ("image_sim_clean", "image_sim_backdoor", "image_sim_target")
"""The columns that come before the last two where both encoders are defended."""

_ROWS = {"text": "Names", "image": "Faces"}
_BETAS = ("image_beta", "beta")
_NOT_IN_TITLES = {"num_names", "seed", *_BETAS}
_DONE = "_done"


def build_table(
    frame: pl.DataFrame,
    expected: Sequence[tuple[str, TrialConfig]] | None,
    name: str,
    description: str,
    metrics: Sequence[str] | None = None,
) -> Table:
    """Lay trials out as the paper does.

    Only finished trials count. What is expected and not finished is shown as missing; without
    `expected`, what another row or panel has is expected of all.

    Args:
        frame: runs as `load_runs` gives them, of any status.
        expected: the trials that the sweep consists of, with their keys; None takes the frame's.
        name: of the sweep.
        description: what the sweep is, for the caption.
        metrics: the columns; by default those of the papers.

    Raises:
        UserError: unknown metric, or no trial at all.
    """
    wanted = _wanted(frame, expected)
    if wanted.is_empty():
        raise UserError(f"there is nothing to tabulate: the sweep {name!r} has no trials.")
    measured = finished(frame)
    columns = columns_of(_default_metrics(wanted, measured) if metrics is None else metrics)
    varying = _varying(wanted)
    metric_names = [name for name in measured.columns if find_metric(name)]
    measured = measured.select("trial_key", *metric_names, pl.lit(True).alias(_DONE))
    trials = wanted.join(measured, "trial_key", how="left")
    betas = [beta for beta in _BETAS if wanted[beta].is_not_null().any()]
    panels = _Panels(trials, [*varying, *betas], columns, complete=expected is None).build()
    return Table(
        name=name,
        title=name,
        caption=caption_of(description, panels),
        row_header=_ROWS.get("".join(set(wanted["encoder"])), "People"),
        columns=columns,
        panels=panels,
        notes=notes_of(frame, wanted, columns, panels),
    )


def _default_metrics(wanted: pl.DataFrame, measured: pl.DataFrame) -> tuple[str, ...]:
    *first, top1, top5 = PAPER_METRICS
    images = IMAGE_METRICS if "both" in wanted["encoder"] else ()
    return (*first, *images, top1, top5, *_other_tasks(wanted, measured))


def _other_tasks(wanted: pl.DataFrame, measured: pl.DataFrame) -> list[str]:
    """List the top-1 accuracies of zero-shot tasks beside the main one."""
    of_trials = measured.join(wanted.select("trial_key"), "trial_key", how="semi")
    names = [name for name in of_trials.columns if name.endswith("/zeroshot_top1")]
    tasks = [name.rpartition("/")[0] for name in names if of_trials[name].count()]
    main = main_task(tasks)
    return [f"{task}/zeroshot_top1" for task in tasks if task != main]


def columns_of(metrics: Sequence[str]) -> tuple[Metric, ...]:
    """Look metrics up by name.

    Raises:
        UserError: there is no such metric, or none is asked for.
    """
    if not metrics:
        raise UserError("a table needs at least one metric.")
    found = []
    for name in dict.fromkeys(metrics):
        metric = find_metric(name)
        if metric is None:
            raise UserError(f"unknown metric {name!r}: {did_you_mean(name, METRICS)}")
        found.append(metric)
    return tuple(found)


def _wanted(
    frame: pl.DataFrame, expected: Sequence[tuple[str, TrialConfig]] | None
) -> pl.DataFrame:
    """Give one row for each trial that should be there: its key and its settings, lists as text."""
    if expected is None:
        known = pl.all_horizontal(pl.col("trial_key", "num_names", "beta", "seed").is_not_null())
        rows = frame.filter(known).select("trial_key", *field_names())
    else:
        schema = {"trial_key": pl.String()} | field_schema()
        data = [{"trial_key": key} | config.model_dump() for key, config in expected]
        rows = pl.DataFrame(data, schema=schema)
    lists = pl.col(sorted(list_fields())).cast(pl.List(pl.String)).list.join(", ")
    return rows.unique("trial_key", keep="last", maintain_order=True).with_columns(lists)


def _varying(wanted: pl.DataFrame) -> list[str]:
    """List the settings, seeds aside, that set panels apart beyond the weight regularization.

    One that follows from those before it is left out, such as what a preset has for each model.
    """
    varying: list[str] = []
    num_panels = 1
    for name in field_names():
        if name not in _NOT_IN_TITLES:
            apart = wanted.select(*varying, name).n_unique()
            if apart > num_panels:
                varying.append(name)
                num_panels = apart
    return varying


class _Panels:
    """The trials of a table, and what is needed to build its panels from them.

    Args:
        trials: one row for each expected trial: settings, and metrics if it is finished.
        keys: the columns that tell panels apart, those of `_BETAS` last.
        columns: the metrics.
        complete: expect in each panel what any panel has.
    """

    def __init__(
        self, trials: pl.DataFrame, keys: list[str], columns: Sequence[Metric], *, complete: bool
    ) -> None:
        by = [*keys, "num_names"]
        self.columns = columns
        self.num_betas = sum(key in _BETAS for key in keys)
        self.panels = trials.select(keys).unique().sort(keys).rows(named=True)
        self.cells = _cells(trials, by, columns)
        self.originals = _originals(trials, keys, columns)
        sizes = trials.group_by(by).agg(pl.len(), pl.col(_DONE).sum())
        self.sizes = {tuple(row[:-2]): (row[-2], row[-1]) for row in sizes.iter_rows()}
        self.num_expected = max(size for size, _ in self.sizes.values()) if complete else 0
        self.num_names = sorted(set(trials["num_names"])) if complete else None

    def build(self) -> tuple[Panel, ...]:
        return tuple(self._panel(keys) for keys in self.panels)

    def _panel(self, keys: dict[str, Key]) -> Panel:
        at = tuple(keys.values())
        names = self.num_names or sorted(key[-1] for key in self.sizes if key[:-1] == at)
        rows = [self._row(at, num_names) for num_names in names]
        original = self._original(at)
        return Panel(
            title=_title(keys),
            keys=keys,
            rows=(*([original] if original else []), *rows),
        )

    def _row(self, at: tuple[Key, ...], num_names: int) -> Row:
        size, done = self.sizes.get((*at, num_names), (0, 0))
        cells = (self._cell(at, num_names, column) for column in self.columns)
        return Row(
            num_names=num_names,
            n=done,
            num_expected=max(size, self.num_expected),
            cells=tuple(cells),
        )

    def _cell(self, at: tuple[Key, ...], num_names: int, column: Metric) -> Cell:
        missing = Cell(mean=None, std=None, n=0, unit=column.unit)
        cell = self.cells.get((*at, num_names, column.name), missing)
        others, betas = at[: -self.num_betas], at[-self.num_betas :]
        without = tuple(beta if beta is None else 0.0 for beta in betas)
        if betas == without:
            return cell
        plain = self.cells.get((*others, *without, num_names, column.name), missing)
        return _with_change(cell, plain, column)

    def _original(self, at: tuple[Key, ...]) -> Row | None:
        cells = tuple(self.originals.get((*at, column.name)) for column in self.columns)
        n = max((cell.n for cell in cells if cell), default=0)
        if n == 0:
            return None
        return Row(num_names=0, state="original", n=n, num_expected=n, cells=cells)


def _cells(
    trials: pl.DataFrame, by: Sequence[str], columns: Sequence[Metric]
) -> dict[tuple[Key, ...], Cell]:
    units = {column.name: column.unit for column in columns}
    return {
        (*key, metric): Cell(mean=mean, std=std, n=n, num_nan=num_nan, unit=units[metric])
        for *key, metric, mean, std, n, num_nan in aggregate(trials, by, list(units)).iter_rows()
    }


def _originals(
    trials: pl.DataFrame, keys: Sequence[str], columns: Sequence[Metric]
) -> dict[tuple[Key, ...], Cell]:
    """Give what was measured of the original model, over all trials of each panel."""
    missed = trials.with_columns(idia_fnr_before=1 - pl.col("idia_tpr_before"))
    before = {f"{column.name}_before": column.name for column in columns}
    known = {old: new for old, new in before.items() if old in missed.columns}
    renamed = missed.select(*keys, **{new: pl.col(old) for old, new in known.items()})
    found = [column for column in columns if column.name in known.values()]
    return _cells(renamed, keys, found) if found else {}


def _with_change(cell: Cell, plain: Cell, column: Metric) -> Cell:
    """Mark where regularization changes what is shown: rounded alike is no change.

    Losses and durations are left alone: the one contains the term, the other varies by itself.
    """
    if column.unit not in ("share", "similarity") or cell.n != plain.n:
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
    )


def _title(keys: dict[str, Key]) -> str:
    """Say what sets a panel apart, such as `alpha 0.3, with weight regularization (β = 0.01)`."""
    settings = [
        f"{name.replace('_', ' ')} {_value(value)}"
        for name, value in keys.items()
        if name not in _BETAS and value is not None
    ]
    beta, image_beta = keys["beta"], keys.get("image_beta")
    how = "with" if beta or image_beta else "without"
    shown = f"β = {_value(beta)}"
    if image_beta is not None and image_beta != beta:
        shown += f", of images {_value(image_beta)}"
    return ", ".join([*settings, f"{how} weight regularization ({shown})"])


def _value(value: Key) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
